'use client';
/** The fields of a form, as a kind describes them. */
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import type { Field } from '@/kinds/kind';
import type { Values } from '@/lib/forms';
import { useList } from '@/lib/reading';

type Props = { fields: readonly Field[]; values: Values; change: (values: Values) => void; errors: Record<string, string> };

export function Fields({ fields, values, change, errors }: Props) {
  return (
    <SpaceBetween size="m">
      {fields.map((field) => (
        <FormField key={field.name} label={<>{field.label}{!field.isRequired && <i> – optional</i>}</>} description={field.hint} errorText={errors[field.name]}>
          <Control field={field} value={values[field.name] ?? ''} set={(value) => change({ ...values, [field.name]: value })} />
        </FormField>
      ))}
    </SpaceBetween>
  );
}

function Control({ field, value, set }: { field: Field; value: string; set: (value: string) => void }) {
  if (field.of !== undefined) return <Names field={field} value={value} set={set} />;
  if (field.choices !== undefined) return <Choice label={field.label} choices={field.choices} value={value} set={set} />;
  if (field.type === 'pairs' || field.type === 'ports')
    return <Textarea rows={2} value={value} onChange={({ detail }) => set(detail.value)} spellcheck={false} />;
  return <Input value={value} inputMode={field.type === 'number' ? 'numeric' : 'text'} autoComplete={false} spellcheck={false}
    onChange={({ detail }) => set(detail.value)} />;
}

function Names({ field, value, set }: { field: Field; value: string; set: (value: string) => void }) {
  const { data = [] } = useList(field.of!);
  return <Choice label={field.label} choices={data.map(({ name }) => name)} value={value} set={set} />;
}

function Choice({ label, choices, value, set }: { label: string; choices: readonly string[]; value: string; set: (value: string) => void }) {
  return (
    <Select ariaLabel={label} placeholder="Choose one" empty="There is none" filteringType={choices.length > 10 ? 'auto' : 'none'}
      selectedOption={value === '' ? null : { value, label: value }} options={choices.map((each) => ({ value: each, label: each }))}
      onChange={({ detail }) => set(detail.selectedOption.value ?? '')} />
  );
}
