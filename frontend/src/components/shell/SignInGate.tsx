'use client';
/** Shows the sign-in page until the user is signed in, then the requested page. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Spinner from '@cloudscape-design/components/spinner';
import { ask, Problem } from '@/api/client';
import { keepToken, onOtherTab } from '@/api/session';
import { useSession } from '@/lib/reading';

/** The ticket of a one-time link, in the fragment that is never sent to a server. Removed from the address bar at once. */
function takeTicket(): string | null {
  const found = /^#ticket=(.+)$/.exec(window.location.hash);
  if (found) window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return found ? decodeURIComponent(found[1]!) : null;
}

const ticket = typeof window === 'undefined' ? null : takeTicket();
let isTicketUsed = false;

export function SignInGate({ children }: { children: ReactNode }) {
  const [isBusy, setBusy] = useState(ticket !== null && !isTicketUsed);
  const session = useSession(!isBusy);
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);

  async function signIn(shown: { api_key?: string; ticket?: string }) {
    setBusy(true);
    setProblem(null);
    try {
      keepToken((await ask('/api/session', { method: 'POST', body: shown })).token);
      await client.resetQueries();
    } catch (error) {
      setProblem(error as Problem);
    }
    setBusy(false);
  }

  useEffect(() => onOtherTab(() => void client.resetQueries()), [client]);

  useEffect(() => {
    if (ticket === null || isTicketUsed) return;
    isTicketUsed = true;
    void signIn({ ticket });
  });

  if (isBusy || session.isPending)
    return (
      <Box textAlign="center" padding="xxxl">
        <Spinner size="large" /> <span>signing in</span>
      </Box>
    );
  if (session.data !== undefined && session.error?.status !== 401) return children;
  const away = session.error && session.error.status !== 401 ? session.error : null;
  return <KeyForm problem={problem ?? away} onKey={(api_key) => void signIn({ api_key })} />;
}

function KeyForm({ problem, onKey }: { problem: Problem | null; onKey: (key: string) => void }) {
  const [key, setKey] = useState('');
  return (
    <main className="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onKey(key.trim());
        }}
      >
        <Form
          actions={
            <Button variant="primary" formAction="submit" disabled={key.trim() === ''}>
              Sign in
            </Button>
          }
        >
          <Container
            header={
              <Header variant="h1" description="A cloud you can rewind.">
                Sign in to miniaws
              </Header>
            }
          >
            <FormField label="Key" description="It is exchanged for a session and not kept in this browser.">
              <Input
                value={key}
                type="password"
                autoComplete={false}
                autoFocus
                placeholder="miniaws_…"
                onChange={({ detail }) => setKey(detail.value)}
              />
            </FormField>
            <Box margin={{ top: 's' }} color="text-body-secondary" fontSize="body-s">
              No key at hand? <code>cloud dashboard open</code> signs you in with the first one.
            </Box>
            {problem && (
              <Box margin={{ top: 's' }}>
                <Alert type="error">{problem.detail}</Alert>
              </Box>
            )}
          </Container>
        </Form>
      </form>
    </main>
  );
}
