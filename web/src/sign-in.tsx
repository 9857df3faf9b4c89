import { useState } from 'preact/hooks';
import { post, Refusal } from './server/api';

/** Asks for a token, which is exchanged for a session and not kept. */
export function SignIn({ onDone }: { onDone: () => Promise<unknown> }) {
  const [fault, setFault] = useState('');
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = String(new FormData(event.target as HTMLFormElement).get('token'));
    try {
      await post('/api/session', { token });
      await onDone();
    } catch (error) {
      const isRefused = error instanceof Refusal && error.status === 401;
      setFault(isRefused ? 'No caller has this token.' : (error as Error).message);
    }
  };
  return (
    <form class="card lone" onSubmit={(event) => void send(event)}>
      <h1>Sign in</h1>
      <p>This coordinator lets in whom its operator gave a token.</p>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required />
      <button type="submit" class="main">
        Sign in
      </button>
      <p class="fault" role="alert">
        {fault}
      </p>
    </form>
  );
}
