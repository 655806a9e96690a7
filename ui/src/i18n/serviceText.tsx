import { useMemo, useSyncExternalStore } from 'react';
import { etherText } from '@/format/amount';
import { apiName } from './apiNames';
import { useLocale } from './locale';
import { subscribeToServiceTexts, translateInto } from './serviceCatalogue';

/** A name with an underscore, with an index, of what is computed or of a task, unless it is quoted or part of a path or of a file's name. */
const API_NAME =
  /(?<![\w/\\.'"`-])(?:(?:computation\.)?[a-z]+\.\d+(?:\.[a-z_]+)?|computation\.[a-z_]+(?:\.[a-z_]+)?|[a-z]+(?:_[a-z]+)*\/[a-z]+|[a-z]+(?:_[a-z]+)+)(?![\w/\\'"`-]|\.\w)/g;

/** Amounts of money; what a unit of gas costs is far less, and stays in wei. */
const WEI = /(?<![\w.])(\d{13,}) wei\b/g;

/**
 * How to show what a service says (it speaks English): as a sentence in the reader's language, names of the API in words,
 * amounts in ether, exactly.
 *
 * @returns a function of the text; given the name of the field beside which it is shown, that is left out at its start.
 */
export function useServiceText(): (text: string, field?: string) => string {
  const { locale, format } = useLocale();
  const translate = useSyncExternalStore(subscribeToServiceTexts, () => translateInto(locale));
  return useMemo(() => {
    const point = new Intl.NumberFormat(format).format(0.5).charAt(1);
    return (text: string, field?: string) => {
      const worded = translate(text)
        .replace(API_NAME, (name) => apiName(name, locale) ?? name)
        .replace(WEI, (_, wei: string) => `${etherText(BigInt(wei)).replace('.', point)} ETH`);
      const name = field === undefined ? undefined : `${apiName(field, locale) ?? field}: `;
      return sentence(name !== undefined && worded.startsWith(name) ? worded.slice(name.length) : worded);
    };
  }, [locale, format, translate]);
}

/** What a service says, as `useServiceText` words it. */
export function ServiceText({ children }: { children: string }) {
  return useServiceText()(children);
}

/** With a full stop, and a capital letter unless it begins with a name: of a file, a function or an address. */
function sentence(text: string): string {
  if (text === '') return text;
  const first = /^[^\s:,;]+/.exec(text)?.[0] ?? '';
  const start = /^\p{Ll}[\p{Ll}’'-]*$/u.test(first) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
