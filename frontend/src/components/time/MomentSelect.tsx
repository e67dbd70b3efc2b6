'use client';
/** Selects a moment: a named one, an event found by its text, or an instant. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import { ask } from '@/api/client';
import { moment } from '@/lib/format';

export type Moment = { value: string; label: string; description?: string; beforeMs?: number };

export const NOW: Moment = { value: '', label: 'The moment that is shown' };
/** Before everything: the first event is a change, too. */
export const BEGINNING: Moment = { value: '0', label: 'The beginning' };
export const HOUR: Moment = { value: 'hour', label: 'An hour before', beforeMs: 3_600_000 };
export const DAY: Moment = { value: 'day', label: 'A day before', beforeMs: 86_400_000 };
/** A moment by its value, as an address holds it. */
export const momentOf = (value: string): Moment =>
  [NOW, BEGINNING, HOUR, DAY].find((each) => each.value === value) ?? instant(value) ?? NOW;

/** As the API takes it; `now` is the moment that is shown. */
export const instantOf = ({ value, beforeMs }: Moment, now: number): string =>
  beforeMs === undefined ? value : new Date(now - beforeMs).toISOString();
const SHOWN = 100;

export function MomentSelect({
  chosen,
  choose,
  more,
}: {
  chosen: Moment;
  choose: (moment: Moment) => void;
  more: readonly Moment[];
}) {
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const { data, isFetching } = useQuery({
    queryKey: ['now', 'moments', text],
    enabled: isOpen,
    queryFn: () => ask('/api/timeline', { query: { limit: SHOWN, text: text.trim() || null } }),
  });
  const typed = instant(text);
  const events = (data?.items ?? []).map((event): Moment => ({
    value: String(event.position),
    label: `${moment(event.time)} · ${event.summary}`,
    description: `position ${event.position}`,
  }));
  const options: SelectProps.Options = [
    ...(typed ? [typed] : []),
    ...more,
    ...(events.length > 0
      ? [{ label: text ? 'Events with these words' : `The newest ${SHOWN} events`, options: events }]
      : []),
  ];
  return (
    <Select
      filteringType="manual"
      filteringPlaceholder="Words of an event, a position, or 2026-11-23T10:02:11Z"
      filteringAriaLabel="Look for a moment"
      virtualScroll
      expandToViewport
      selectedOption={chosen}
      options={options}
      statusType={isFetching ? 'loading' : 'finished'}
      loadingText="Looking"
      onLoadItems={({ detail }) => {
        setOpen(true);
        setText(detail.filteringText);
      }}
      onChange={({ detail }) => choose(detail.selectedOption as Moment)}
    />
  );
}

function instant(text: string): Moment | null {
  if (/^\d+$/.test(text)) return { value: text, label: `Position ${text}` };
  const at = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text.trim().replace(' ', 'T')}Z`)
    : NaN;
  return Number.isNaN(at) ? null : { value: new Date(at).toISOString(), label: `${moment(at)} UTC` };
}
