/** What the console must know of a kind. One file per kind fills this in; everything else is shared. */
import type { Body, Document, Path } from '@/api/types';

export type Column = { id: string; label: string; of: (document: Document) => unknown; isHidden?: boolean };

export type Field = {
  /** Where it stands in the body: `backup.retention_days` is nested. */
  name: string;
  label: string;
  hint?: string;
  type?: 'text' | 'number' | 'switch' | 'words' | 'pairs' | 'ports';
  choices?: readonly string[];
  /** A kind whose names are offered. */
  of?: Path;
  isRequired?: boolean;
  initial?: string;
  /** Words of the command that say the same; without them the value stands alone. */
  option?: string;
};

export type Action = {
  id: string;
  label: string;
  path: Path;
  method?: 'POST' | 'DELETE';
  /** In which statuses it makes sense; left out: in all. */
  when?: readonly string[];
  /** Whoever loses something by it types the name first. */
  isDestructive?: boolean;
  /** What else must be asked. */
  fields?: readonly Field[];
  role?: 'operator' | 'admin';
  /** After `cloud `, for the name of a resource. */
  command: (name: string, values: Record<string, string>) => string;
};

export type Tab = 'metrics' | 'traffic' | 'logs' | 'targets' | 'decisions' | 'backups' | 'connection';

export type Kind = {
  /** The last part of the path of its list, and of its page. */
  slug: string;
  kind: string;
  one: string;
  many: string;
  section: 'Compute' | 'Network' | 'Storage' | 'Data' | 'Access';
  /** What it is for, for who has none yet. */
  about: string;
  list: Path;
  item: Path;
  columns: readonly Column[];
  create: { verb: string; command: string; fields: readonly Field[]; role?: 'operator' | 'admin' };
  actions: readonly Action[];
  tabs?: readonly Tab[];
  metrics?: Path;
};

/** Makes sure that a form only holds what the API takes. */
export const fieldsOf = <Name extends keyof Body>(
  _body: Name,
  fields: readonly (Field & { name: (keyof Body[Name] & string) | `${keyof Body[Name] & string}.${string}` })[],
): readonly Field[] => fields;

export const spec = (name: string) => (document: Document) => document.spec[name];
export const observed = (name: string) => (document: Document) => document.observed[name];
export const vpc: Column = { id: 'vpc', label: 'VPC', of: spec('vpc') };
export const name = (hint: string): Field & { name: 'name' } => ({
  name: 'name', label: 'Name', isRequired: true, initial: '',
  hint: `Lower-case letters, digits and hyphens, such as ${hint}. It is the host name in its VPC.`,
});
export const tags = { name: 'tags', label: 'Tags', type: 'pairs', hint: 'One key=value a line.', option: '--tag' } as const;
export const inVpc = { name: 'vpc', label: 'VPC', of: '/api/vpcs', initial: 'default', option: '--vpc' } as const;
export const publish = {
  name: 'publish', label: 'Port of the host', type: 'number', option: '--publish',
  hint: 'Left out: private to its VPC.',
} as const;
