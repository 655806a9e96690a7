import { Languages, LogOut, SunMoon } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { NavigationType, NavLink, useLocation, useNavigationType } from 'react-router';
import { IconButton } from '@/components/Button';
import { CrashNotice, ErrorBoundary } from '@/components/feedback';
import { CONTENT_ID } from '@/components/layout';
import { LOCALES, useLocale } from '@/i18n/locale';
import { defineMessages, useMessages } from '@/i18n/messages';
import { setTheme, THEMES, useTheme } from '@/theme/theme';
import { ConnectionBanner } from './connection';
import styles from './Shell.module.css';

const messages = defineMessages({
  en: {
    skip: 'Skip to the content',
    navigation: 'Main',
    language: 'Language',
    theme: 'Colours',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    signOut: (user: string) => `Sign out (${user})`,
  },
  es: {
    skip: 'Saltar al contenido',
    navigation: 'Principal',
    language: 'Idioma',
    theme: 'Colores',
    themes: { system: 'Como el sistema', light: 'Claro', dark: 'Oscuro' },
    signOut: (user) => `Cerrar sesión (${user})`,
  },
});

const LANGUAGES = { en: 'English', es: 'Español' } as const;

export interface NavigationItem {
  to: string;
  label: string;
  icon: ReactNode;
}

interface ShellProps {
  /** What this face is, beside the name of the product. */
  face: string;
  /** Whose service it is. */
  name?: string | undefined;
  items: readonly NavigationItem[];
  user?: { name: string; onSignOut: () => void };
  children: ReactNode;
}

/** The frame of every page: brand, navigation (below on narrow screens), language, colours, sign-out. */
export function Shell({ face, name, items, user, children }: ShellProps) {
  const m = useMessages(messages);
  const { pathname } = useLocation();
  const isReplaced = useNavigationType() === NavigationType.Replace;
  const main = useRef<HTMLElement>(null);
  const shownPath = useRef(pathname);
  useEffect(() => {
    // A new page begins at its top, for the eye and for the keyboard.
    if (shownPath.current === pathname) return;
    // Nobody has gone anywhere: the address without a page leads to the first one.
    const isLedOn = isReplaced && shownPath.current === '/';
    shownPath.current = pathname;
    if (isLedOn) return;
    window.scrollTo(0, 0);
    // A heading that comes with the answer of the service takes the focus over (PageHeader).
    (main.current?.querySelector('h1') ?? main.current)?.focus({ preventScroll: true });
  }, [pathname, isReplaced]);
  return (
    <div className={styles.shell}>
      <a
        href={`#${CONTENT_ID}`}
        className={styles.skip}
        onClick={(event) => {
          // Not a place of its own to come back to: going back would bring the focus here instead of to the heading.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {m.skip}
      </a>
      <header className={styles.top}>
        <Brand face={face} name={name} />
        <div className={styles.controls}>
          <Preferences />
          {user && (
            <IconButton label={m.signOut(user.name)} onPress={user.onSignOut}>
              <LogOut size={18} aria-hidden />
            </IconButton>
          )}
        </div>
      </header>
      {items.length > 0 && (
        <nav className={styles.nav} aria-label={m.navigation}>
          {items.map((item) => (
            <NavLink key={item.to} to={item.to} className={styles.navLink}>
              {item.icon}
              <span>{item.label}</span>
            </NavLink>
          ))}
        </nav>
      )}
      <main id={CONTENT_ID} ref={main} tabIndex={-1} className={styles.main}>
        <ConnectionBanner />
        <ErrorBoundary key={pathname} fallback={<CrashNotice />}>
          {children}
        </ErrorBoundary>
      </main>
    </div>
  );
}

function Brand({ face, name }: { face: string; name: string | undefined }) {
  return (
    <div className={styles.brand}>
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden>
        <rect width="32" height="32" rx="8" fill="var(--accent)" />
        <path d="M16 8 24.5 24h-17Z" fill="none" stroke="var(--on-accent)" strokeWidth="3" strokeLinejoin="round" />
      </svg>
      <div className={styles.brandText}>
        <strong>DeltaML</strong>
        <span className={styles.face}>
          {face}
          {name && name !== face ? ` · ${name}` : ''}
        </span>
      </div>
    </div>
  );
}

/** Language and colours. */
export function Preferences() {
  const m = useMessages(messages);
  const { locale, setLocale } = useLocale();
  const theme = useTheme();
  return (
    <>
      <label className={styles.preference}>
        <Languages size={16} aria-hidden />
        <span className="visually-hidden">{m.language}</span>
        <select
          value={locale}
          onChange={(event) => setLocale(LOCALES.find((known) => known === event.target.value) ?? 'en')}
        >
          {LOCALES.map((known) => (
            <option key={known} value={known} lang={known}>
              {LANGUAGES[known]}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.preference}>
        <SunMoon size={16} aria-hidden />
        <span className="visually-hidden">{m.theme}</span>
        <select
          value={theme}
          onChange={(event) => setTheme(THEMES.find((known) => known === event.target.value) ?? 'system')}
        >
          {THEMES.map((known) => (
            <option key={known} value={known}>
              {m.themes[known]}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
