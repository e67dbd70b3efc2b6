'use client';
/** The fields of a form, as a kind describes them. */
import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Toggle from '@cloudscape-design/components/toggle';
import type { Field, Values } from '@/kinds/kind';
import { initial, rowsOf, shownOf, textOf } from '@/lib/forms';
import { useList } from '@/lib/reading';

type Errors = Record<string, string>;
type Props = { fields: readonly Field[]; values: Values; change: (values: Values) => void; errors: Errors };

export function Fields({ fields, values, change, errors }: Props) {
  return (
    <SpaceBetween size="m">
      {shownOf(fields, values).map((field) => {
        const set = (value: string) => change({ ...values, [field.name]: value });
        const value = values[field.name] ?? '';
        const isMarked = !field.isRequired && field.type !== 'switch' && !field.initial;
        return (
          <FormField key={field.name} stretch={field.type === 'rows'} label={<>{field.label}{isMarked && <i> – optional</i>}</>}
            description={field.hint} errorText={errors[field.name]}>
            {field.type === 'rows'
              ? <Rows field={field} value={value} set={set} errors={errors} />
              : <Control field={field} value={value} set={set} />}
          </FormField>
        );
      })}
    </SpaceBetween>
  );
}

type ControlProps = { field: Field; value: string; set: (value: string) => void };

function Control({ field, value, set }: ControlProps) {
  if (field.of !== undefined) return <Names field={field} value={value} set={set} />;
  if (field.choices !== undefined) return <Choice label={field.label} choices={field.choices} value={value} set={set} />;
  if (field.type === 'switch') return <Toggle checked={value === 'true'} ariaLabel={field.label} onChange={({ detail }) => set(String(detail.checked))}>{value === 'true' ? 'Yes' : 'No'}</Toggle>;
  if (field.type === 'pairs' || field.type === 'ports')
    return <Textarea rows={Math.min(8, Math.max(2, value.split('\n').length + 1))} value={value} onChange={({ detail }) => set(detail.value)} spellcheck={false} />;
  return <Input value={value} inputMode={field.type === 'number' ? 'decimal' : 'text'} autoComplete={false} spellcheck={false}
    onChange={({ detail }) => set(detail.value)} />;
}

function Rows({ field, value, set, errors }: ControlProps & { errors: Errors }) {
  const row = field.row!;
  const rows = rowsOf(value);
  const replace = (index: number, name: string, text: string) =>
    set(textOf(rows.map((each, at) => (at === index ? { ...each, [name]: text } : each))));
  return (
    <AttributeEditor<Values> items={rows} addButtonText="Add one" removeButtonText="Remove" empty="None yet" gridLayout={[
      { rows: [row.map(() => 3)], breakpoint: 'xs', removeButton: { width: 'auto' } }, { rows: row.map(() => [1]) },
    ]}
      onAddButtonClick={() => set(textOf([...rows, initial(row)]))}
      onRemoveButtonClick={({ detail }) => set(textOf(rows.filter((_, index) => index !== detail.itemIndex)))}
      definition={row.map((each) => ({
        label: each.label,
        control: (item: Values, index: number) => <Control field={each} value={item[each.name] ?? ''} set={(text) => replace(index, each.name, text)} />,
        errorText: (_: Values, index: number) => errors[`${field.name}.${index}.${each.name}`],
      }))} />
  );
}

function Names({ field, value, set }: ControlProps) {
  const { data = [] } = useList(field.of!);
  return <Choice label={field.label} choices={data.map(({ name }) => name)} value={value} set={set} />;
}

function Choice({ label, choices, value, set }: { label: string; choices: readonly string[]; value: string; set: (value: string) => void }) {
  return (
    <Select ariaLabel={label} placeholder="Choose one" empty="There is none" filteringType={choices.length > 10 ? 'auto' : 'none'} expandToViewport
      selectedOption={value === '' ? null : { value, label: value }} options={choices.map((each) => ({ value: each, label: each }))}
      onChange={({ detail }) => set(detail.selectedOption.value ?? '')} />
  );
}
