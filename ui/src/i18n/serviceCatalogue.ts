import { apiName } from './apiNames';
import type { Locale } from './locale';
import { createTranslator, type Translate } from './translator';

const listeners = new Set<() => void>();
let spanish: Translate | null = null;
let loading = false;

const unchanged: Translate = (text) => text;

/** Get the translations of the services' texts, if the language needs them; whoever subscribed is told when they are there. */
export function loadServiceTexts(locale: Locale): void {
  if (locale !== 'es' || loading || spanish !== null) return;
  loading = true;
  import('./services.es.json')
    .then(({ default: catalogue }) => {
      spanish = createTranslator(catalogue, (text) => apiName(text, 'es'));
      for (const listener of listeners) listener();
    })
    // Without it the texts stay English, until the language is chosen again.
    .catch(() => undefined)
    .finally(() => {
      loading = false;
    });
}

/** How the services' texts are translated into a language just now. */
export function translateInto(locale: Locale): Translate {
  return locale === 'es' && spanish !== null ? spanish : unchanged;
}

/** Be told when more can be translated; returns how to stop that. */
export function subscribeToServiceTexts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
