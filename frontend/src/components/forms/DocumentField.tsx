'use client';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';

type Props = { label: string; value: string; set: (value: string) => void; isSecret: boolean };

/** A multi-line text that is typed, pasted or read from a file. Secret text is masked. */
export function DocumentField({ label, value, set, isSecret }: Props) {
  const read = async (file: File | undefined) => {
    if (file) set(await file.text());
  };
  return (
    <SpaceBetween size="xxs">
      <div className={isSecret ? 'secret' : undefined}>
        <Textarea
          rows={4}
          value={value}
          autoComplete={false}
          disableBrowserAutocorrect
          spellcheck={false}
          onChange={({ detail }) => set(detail.value)}
        />
      </div>
      <input
        type="file"
        aria-label={`${label}: read from a file`}
        onChange={(event) => void read(event.target.files?.[0])}
      />
    </SpaceBetween>
  );
}
