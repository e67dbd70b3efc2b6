'use client';
/** The fields of a form, as a kind describes them. */
import { useState } from 'react';
import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Toggle from '@cloudscape-design/components/toggle';
import type { Field, Values } from '@/resources/types';
import { boundsOf, initial, rowsOf, shownOf, textOf } from '@/lib/forms';
import { useList } from '@/lib/reading';
import { DocumentField } from '@/components/forms/DocumentField';

type Errors = Record<string, string>;
type Props = { fields: readonly Field[]; values: Values; change: (values: Values) => void; errors: Errors };

export function Fields({ fields, ...rest }: Props) {
  const shown = shownOf(fields, rest.values);
  const more = shown.filter(({ isMore }) => isMore);
  const [isOpen, setOpen] = useState(false);
  const isWrong = more.some(({ name }) =>
    Object.keys(rest.errors).some((wrong) => wrong === name || wrong.startsWith(`${name}.`)),
  );
  return (
    <SpaceBetween size="m">
      <Inputs fields={shown.filter(({ isMore }) => !isMore)} {...rest} />
      {more.length > 0 && (
        <ExpandableSection
          headerText="More settings"
          expanded={isOpen || isWrong}
          onChange={({ detail }) => setOpen(detail.expanded)}
        >
          <Inputs fields={more} {...rest} />
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

function Inputs({ fields, values, change, errors }: Props) {
  return (
    <SpaceBetween size="m">
      {fields.map((field) => {
        const set = (value: string) => change({ ...values, [field.name]: value });
        const value = values[field.name] ?? '';
        const isMarked = !field.isRequired && field.type !== 'switch' && !field.initial;
        return (
          <FormField
            key={field.name}
            stretch={field.type === 'rows'}
            label={
              <>
                {field.label}
                {isMarked && <i> – optional</i>}
              </>
            }
            description={field.hint}
            constraintText={boundsOf(field)}
            errorText={errors[field.name]}
          >
            {field.type === 'rows' ? (
              <Rows field={field} value={value} set={set} errors={errors} />
            ) : (
              <Control field={field} value={value} set={set} />
            )}
          </FormField>
        );
      })}
    </SpaceBetween>
  );
}

type ControlProps = { field: Field; value: string; set: (value: string) => void };

function Control({ field, value, set }: ControlProps) {
  if (field.of !== undefined) return <Names field={field} value={value} set={set} />;
  if (field.choices !== undefined) return <Choice field={field} choices={field.choices} value={value} set={set} />;
  if (field.type === 'switch')
    return (
      <Toggle checked={value === 'true'} ariaLabel={field.label} onChange={({ detail }) => set(String(detail.checked))}>
        {value === 'true' ? 'Yes' : 'No'}
      </Toggle>
    );
  if (field.type === 'document')
    return <DocumentField label={field.label} value={value} set={set} isSecret={field.isSecret ?? false} />;
  if (field.type === 'pairs' || field.type === 'ports')
    return (
      <Textarea
        rows={Math.min(8, Math.max(2, value.split('\n').length + 1))}
        value={value}
        onChange={({ detail }) => set(detail.value)}
        spellcheck={false}
      />
    );
  return (
    <Input
      value={value}
      inputMode={field.type === 'number' ? 'decimal' : 'text'}
      autoComplete={false}
      spellcheck={false}
      onChange={({ detail }) => set(detail.value)}
    />
  );
}

function Rows({ field, value, set, errors }: ControlProps & { errors: Errors }) {
  const row = field.row!;
  const rows = rowsOf(value);
  const replace = (index: number, name: string, text: string) =>
    set(textOf(rows.map((each, at) => (at === index ? { ...each, [name]: text } : each))));
  return (
    <AttributeEditor<Values>
      items={rows}
      addButtonText="Add one"
      removeButtonText="Remove"
      empty="None yet"
      gridLayout={[
        { rows: [row.map(() => 3)], breakpoint: 'xs', removeButton: { width: 'auto' } },
        { rows: row.map(() => [1]) },
      ]}
      onAddButtonClick={() => set(textOf([...rows, initial(row)]))}
      onRemoveButtonClick={({ detail }) => set(textOf(rows.filter((_, index) => index !== detail.itemIndex)))}
      definition={row.map((each) => ({
        label: each.label,
        control: (item: Values, index: number) => (
          <Control field={each} value={item[each.name] ?? ''} set={(text) => replace(index, each.name, text)} />
        ),
        errorText: (_: Values, index: number) => errors[`${field.name}.${index}.${each.name}`],
      }))}
    />
  );
}

function Names({ field, value, set }: ControlProps) {
  const { data = [] } = useList(field.of!, {}, !field.isWhole);
  return <Choice field={field} choices={data.map(({ name }) => name)} value={value} set={set} />;
}

function Choice({ field, choices, value, set }: ControlProps & { choices: readonly string[] }) {
  // What may be left out can be taken back, too.
  const all = field.isRequired || field.initial ? choices : ['', ...choices];
  return (
    <Select
      ariaLabel={field.label}
      placeholder="Choose one"
      empty="There is none"
      filteringType={choices.length > 10 ? 'auto' : 'none'}
      expandToViewport
      selectedOption={value === '' ? null : { value, label: value }}
      options={all.map((each) => ({ value: each, label: each === '' ? 'none' : each }))}
      onChange={({ detail }) => set(detail.selectedOption.value ?? '')}
    />
  );
}
