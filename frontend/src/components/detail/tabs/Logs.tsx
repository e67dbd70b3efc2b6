'use client';
import { useEffect, useRef, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { address } from '@/api/client';
import { authorization } from '@/api/session';
import { useTime } from '@/lib/time';
import type { TabProps } from '@/resources/types';

const KEPT = 5000;
const TAIL = 500;

/** What its program prints, as it prints it. A container keeps no past: only the present has logs. */
export function Logs({ document }: TabProps) {
  const { at } = useTime();
  const [lines, setLines] = useState<string[]>([]);
  const [wanted, setWanted] = useState('');
  const [follows, setFollows] = useState(true);
  const [wrong, setWrong] = useState<string | null>(null);
  const view = useRef<HTMLPreElement>(null);
  const isNow = at === null;
  useEffect(() => {
    if (!isNow) return undefined;
    const abort = new AbortController();
    setLines([]);
    setWrong(null);
    const take = (text: string) =>
      setLines((old) => [...old, ...text.split('\n').filter((line) => line !== '')].slice(-KEPT));
    follow(document.id, take, abort.signal).catch((error: Error) => {
      if (!abort.signal.aborted) setWrong(error.message);
    });
    return () => abort.abort();
  }, [document.id, document.status, isNow]);
  useEffect(() => {
    if (follows && view.current) view.current.scrollTop = view.current.scrollHeight;
  }, [lines, follows]);
  if (!isNow)
    return <Alert type="info">Logs are shown for now only: what a program printed is no part of the history.</Alert>;
  const shown = wanted === '' ? lines : lines.filter((line) => line.toLowerCase().includes(wanted.toLowerCase()));
  const save = () => {
    const link = window.document.createElement('a');
    link.href = URL.createObjectURL(new Blob([lines.join('\n')], { type: 'text/plain' }));
    link.download = `${document.name}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="m" alignItems="center">
        <Input
          type="search"
          ariaLabel="Search the lines"
          placeholder="Search"
          value={wanted}
          onChange={({ detail }) => setWanted(detail.value)}
        />
        <Toggle checked={follows} onChange={({ detail }) => setFollows(detail.checked)}>
          Follow
        </Toggle>
        <Button iconName="download" onClick={save}>
          Save
        </Button>
      </SpaceBetween>
      {wrong && <Alert type="info">{wrong}</Alert>}
      <pre className="log" ref={view} tabIndex={0} aria-label="Log lines">
        {shown.join('\n') || 'Nothing printed yet.'}
      </pre>
    </SpaceBetween>
  );
}

async function follow(id: string, take: (text: string) => void, signal: AbortSignal): Promise<void> {
  const answer = await fetch(
    address('/api/instances/{id_or_name}/logs', { in: { id_or_name: id }, query: { follow: true, tail: TAIL } }),
    { signal, headers: authorization() },
  );
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const at = (rest + value).lastIndexOf('\n') + 1;
    const whole = rest + value;
    take(whole.slice(0, at));
    rest = whole.slice(at);
  }
}
