'use client';
/** What is shown when a page cannot be drawn. A part of it that was lost on its way is loaded again, once. */
import { useEffect } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';

const TRIED = 'miniaws-loaded-again';

export default function Failed({ error }: { error: Error }) {
  const isLost = /chunk|module|fetch/i.test(`${error.name} ${error.message}`);
  useEffect(() => {
    const last = Number(window.sessionStorage.getItem(TRIED) ?? 0);
    if (!isLost || Date.now() - last < 10_000) return;
    window.sessionStorage.setItem(TRIED, String(Date.now()));
    window.location.reload();
  }, [isLost]);
  return (
    <Alert
      type="error"
      header="This page cannot be shown"
      action={<Button onClick={() => window.location.reload()}>Load again</Button>}
    >
      {error.message}
    </Alert>
  );
}
