import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import { readStored, store } from '@/app/storage';
import { loadServiceTexts } from './serviceCatalogue';

export const LOCALES = ['en', 'es'] as const;
export type Locale = (typeof LOCALES)[number];

const STORAGE_KEY = 'deltaml.locale';

/** The tag with which dates and numbers are formatted: `en` alone would write dates in the American order. */
const FORMATS: Record<Locale, string> = { en: 'en-GB', es: 'es-ES' };

interface LocaleValue {
  locale: Locale;
  /** For `Intl`. */
  format: string;
  setLocale: (locale: Locale) => void;
}

const LocaleContext = createContext<LocaleValue | null>(null);

/** The language of everything inside: the one chosen before, or else the browser's. */
export function LocaleProvider({ children, initial }: { children: ReactNode; initial?: Locale }) {
  const [locale, setLocale] = useState<Locale>(() => initial ?? chosenLocale());
  useEffect(() => {
    document.documentElement.lang = locale;
    loadServiceTexts(locale);
  }, [locale]);
  const value = useMemo(
    () => ({
      locale,
      format: FORMATS[locale],
      setLocale: (chosen: Locale) => {
        store(localStorage, STORAGE_KEY, chosen);
        setLocale(chosen);
      },
    }),
    [locale],
  );
  return (
    <LocaleContext value={value}>
      <I18nProvider locale={locale === 'es' ? 'es-ES' : 'en-US'}>{children}</I18nProvider>
    </LocaleContext>
  );
}

/** The present language and how to change it. */
export function useLocale(): LocaleValue {
  const value = use(LocaleContext);
  if (value === null) throw new Error('useLocale needs a LocaleProvider around it');
  return value;
}

function chosenLocale(): Locale {
  const known = (tag: unknown) => LOCALES.find((locale) => String(tag).toLowerCase().startsWith(locale));
  return known(readStored(localStorage, STORAGE_KEY)) ?? known(navigator.languages.find(known)) ?? 'en';
}
