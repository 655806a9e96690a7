import { useSyncExternalStore } from 'react';
import { readStored, store } from '@/app/storage';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = 'deltaml.theme';
const listeners = new Set<() => void>();

let current: Theme = 'system';

/** Show the theme chosen before; call it before the first paint. */
export function applyStoredTheme(): void {
  const stored = readStored(localStorage, STORAGE_KEY);
  show(THEMES.find((theme) => theme === stored) ?? 'system');
}

/** Choose a theme and remember it. */
export function setTheme(theme: Theme): void {
  store(localStorage, STORAGE_KEY, theme);
  show(theme);
}

/** The chosen theme, `system` for whatever the system prefers. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => current);
}

/** Calls back when colours change, by choice or because the system's preference did. */
export function onThemeChange(listener: () => void): () => void {
  const preference = window.matchMedia('(prefers-color-scheme: dark)');
  preference.addEventListener('change', listener);
  const unsubscribe = subscribe(listener);
  return () => {
    preference.removeEventListener('change', listener);
    unsubscribe();
  };
}

function show(theme: Theme): void {
  current = theme;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
