import { useEffect, useState } from 'preact/hooks';
import type { PageSession } from '../../proto/page/messages';
import { JobPage } from './job-page';
import { JobsPage } from './jobs-page';
import { useLive } from './live/live';
import { SchedulesPage } from './schedules-page';
import { get, post } from './server/api';
import { ShownPage } from './shown-page';
import { SignIn } from './sign-in';
import { chosenTheme, nextTheme } from './theme';
import { WorkersPage } from './workers-page';

function useRoute(): string {
  const read = () => location.hash.replace(/^#/, '') || '/';
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = () => {
      setRoute(read());
      window.scrollTo(0, 0);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/** The whole page: who looks, at what. */
export function App() {
  const [session, setSession] = useState<PageSession>();
  const [failure, setFailure] = useState('');
  const [theme, setTheme] = useState(chosenTheme);
  const route = useRoute();
  const ask = () =>
    get<PageSession>('/api/session').then(setSession, (error: Error) =>
      setFailure(`The server does not answer: ${error.message}`),
    );
  useEffect(() => void ask(), []);
  const isServe = session?.mode === 'serve' && session.caller !== undefined;
  const live = useLive(isServe);

  if (session === undefined) return <main class="lone">{failure || <p>Loading…</p>}</main>;
  const signOut = async () => {
    await post('/api/session', undefined, 'DELETE');
    location.hash = '';
    await ask();
  };
  const link = (to: string, text: string) => (
    <a href={`#${to}`} aria-current={route === to ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <a class="brand" href="#/">
          halotile
        </a>
        {isServe && (
          <nav aria-label="Pages">
            {link('/', 'Jobs')}
            {link('/schedules', 'Schedules')}
            {link('/workers', 'Workers')}
          </nav>
        )}
        <span class="space" />
        {isServe && !live.connected && (
          <span class="offline" role="status">
            Connecting…
          </span>
        )}
        <button type="button" class="quiet" onClick={() => setTheme(nextTheme())}>
          Theme: {theme}
        </button>
        {session.tokens && session.caller && (
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out {session.caller.principal}
          </button>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        {session.caller === undefined ? (
          <SignIn onDone={ask} />
        ) : session.mode === 'view' ? (
          <ShownPage shown={session.shown!} />
        ) : (
          <ServePage route={route} live={live} role={session.caller.role} />
        )}
      </main>
      <footer class="bottom">halotile {session.version}</footer>
    </>
  );
}

function ServePage({ route, live, role }: { route: string; live: ReturnType<typeof useLive>; role: string }) {
  const [, id] = /^\/jobs\/([A-Za-z0-9-]+)$/.exec(route) ?? [];
  if (id !== undefined) return <JobPage key={id} id={id} live={live} role={role} />;
  if (route === '/schedules') return <SchedulesPage live={live} role={role} />;
  if (route === '/workers') return <WorkersPage workers={live.workers} />;
  return <JobsPage live={live} />;
}
