'use client';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import { KINDS } from '@/resources';

export type Filter = { kind: string; resource: string; actor: string; type: string; text: string };
export const NOTHING: Filter = { kind: '', resource: '', actor: '', type: '', text: '' };
const ANY = { value: '', label: 'Every kind' };
const KIND_OPTIONS = [ANY, ...KINDS.map(({ kind, many }) => ({ value: kind, label: many }))];

export function EventFilters({ filter, change }: { filter: Filter; change: (filter: Filter) => void }) {
  const text = (name: keyof Filter, placeholder: string) => (
    <Input
      type="search"
      value={filter[name]}
      ariaLabel={placeholder}
      placeholder={placeholder}
      onChange={({ detail }) => change({ ...filter, [name]: detail.value })}
    />
  );
  return (
    <div className="filters">
      <Select
        ariaLabel="Kind"
        options={KIND_OPTIONS}
        selectedOption={KIND_OPTIONS.find(({ value }) => value === filter.kind) ?? ANY}
        onChange={({ detail }) => change({ ...filter, kind: detail.selectedOption.value ?? '' })}
      />
      {text('resource', 'Resource: name or id')}
      {text('actor', 'Who')}
      {text('type', 'Type, such as instance.started')}
      {text('text', 'Words of the sentence')}
    </div>
  );
}
