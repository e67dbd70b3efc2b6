'use client';
/** Runs a command inside an instance, beside its main process, and shows the output. */
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ask, Problem } from '@/api/client';
import type { Body } from '@/api/types';
import { usePermission } from '@/lib/usePermission';
import { quoted } from '@/lib/format';
import { words } from '@/lib/forms';
import { Command } from '@/components/display/Command';
import type { TabProps } from '@/resources/types';

type Printed = Body['Executed'];

export function RunCommand({ document }: TabProps) {
  const may = usePermission();
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [printed, setPrinted] = useState<Printed | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const command = words(text);
  if (!may) return <Alert type="info">Programs are run now only, and by operators.</Alert>;

  async function run() {
    if (command.length === 0 || isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      setPrinted(
        await ask('/api/instances/{id_or_name}/exec', {
          method: 'POST',
          in: { id_or_name: document.id },
          body: { command },
        }),
      );
    } catch (error) {
      setPrinted(null);
      setProblem(error as Problem);
    }
    setBusy(false);
  }

  return (
    <Container
      header={
        <Header variant="h2" description="Beside its own program, until it ends">
          Run a program
        </Header>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <SpaceBetween size="m">
          <FormField
            label="Program and arguments"
            description="Quotes keep blanks together. No shell reads it, unless it is the program: sh -c '…'"
            secondaryControl={
              <Button formAction="submit" loading={isBusy} disabled={command.length === 0}>
                Run
              </Button>
            }
          >
            <Input
              value={text}
              autoComplete={false}
              spellcheck={false}
              placeholder="ls /"
              onChange={({ detail }) => setText(detail.value)}
            />
          </FormField>
          <Command text={['cloud', 'instance', 'exec', document.name, '--', ...command].map(quoted).join(' ')} />
          {problem && (
            <Alert type="error">
              {problem.detail}
              {problem.requestId && (
                <div>
                  request id: <code>{problem.requestId}</code>
                </div>
              )}
            </Alert>
          )}
          {printed && <Output printed={printed} />}
        </SpaceBetween>
      </form>
    </Container>
  );
}

function Output({ printed: { exit_code: code, stdout, stderr } }: { printed: Printed }) {
  return (
    <SpaceBetween size="s">
      <Alert type={code === 0 ? 'success' : 'warning'}>It ended with exit code {code}.</Alert>
      {stdout && (
        <pre className="words" tabIndex={0} aria-label="What it printed">
          {stdout}
        </pre>
      )}
      {stderr && (
        <pre className="words" tabIndex={0} aria-label="What it complained of">
          {stderr}
        </pre>
      )}
    </SpaceBetween>
  );
}
