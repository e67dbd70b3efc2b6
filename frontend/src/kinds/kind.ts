/** What the console must know of a kind. One file per kind fills this in; everything else is shared. */
import type { Body, Document, Path } from '@/api/types';
import { edits, pairs } from '@/lib/forms';
import { quoted } from '@/lib/format';
import type { OutcomeName } from './outcomes';

export type Column = { id: string; label: string; of: (document: Document) => unknown; isHidden?: boolean };

/** What a form holds: texts by the names of its fields. */
export type Values = Record<string, string>;

export type Field = {
  /** Where it stands in the body: `backup.retention_days` is nested. */
  name: string;
  label: string;
  hint?: string;
  type?: 'text' | 'number' | 'switch' | 'words' | 'pairs' | 'ports' | 'rows' | 'document';
  /** Of a document: not shown while it is typed. */
  isSecret?: boolean;
  /** Found below More settings: few give it. */
  isMore?: boolean;
  choices?: readonly string[];
  /** A kind whose names are offered. */
  of?: Path;
  /** Of such a kind there is no page but the first. */
  isWhole?: boolean;
  /** What each row holds, where there may be any number of them. */
  row?: readonly Field[];
  isRequired?: boolean;
  initial?: string;
  /** Left out: always. */
  isShown?: (values: Values) => boolean;
  /** Words of the command that say the same; without them the value stands alone. */
  option?: string;
  /** A row as the option of the command says it. */
  said?: (row: Values) => string;
  /** What is sent when a text that was there is taken away; left out: nothing. */
  emptied?: unknown;
};

export type Action = {
  id: string;
  label: string;
  path: Path;
  method?: 'POST' | 'DELETE' | 'PATCH' | 'PUT';
  /** In which statuses it makes sense; left out: in all. */
  when?: readonly string[];
  /** Whether it makes sense for one that has such a status. */
  fits?: (document: Document) => boolean;
  /** Whoever loses something by it types the name first. */
  isDestructive?: boolean;
  /** What else must be asked. */
  fields?: readonly Field[];
  /** What the fields hold at first: how it is now. Then only what is changed is sent. */
  start?: (document: Document) => Values;
  /** What is sent, where it is not what the fields hold. */
  body?: (values: Values, document: Document, isAlone: boolean) => unknown;
  /** What stands for `{name}` and the like in the path. */
  in?: (values: Values) => Record<string, string>;
  query?: (values: Values) => Record<string, string | boolean>;
  /** Refused when somebody else changed it meanwhile: for what replaces a whole list. */
  isGuarded?: boolean;
  /** For one at a time. */
  isSingle?: boolean;
  role?: 'operator' | 'admin';
  /** After `cloud `, for the name of a resource. */
  command: (name: string, values: Values, document: Document, isAlone: boolean) => string;
  /** Whether it has come about; left out: when its status stays. */
  outcome?: OutcomeName;
  /** Where to read how far it is, in percent. */
  progress?: Path;
};

export type Tab = 'metrics' | 'stats' | 'queues' | 'program' | 'inside' | 'traffic' | 'logs' | 'targets' | 'decisions' | 'backups' | 'replicas' | 'archived' | 'snapshots' | 'routing' | 'members' | 'policies' | 'connection';

export type Kind = {
  /** The last part of the path of its list, and of its page. */
  slug: string;
  kind: string;
  /** What its ids begin with. */
  prefix: string;
  one: string;
  many: string;
  section: 'Compute' | 'Network' | 'Storage' | 'Data' | 'Access' | 'Upkeep';
  /** What it is for, for who has none yet. */
  about: string;
  list: Path;
  item: Path;
  columns: readonly Column[];
  /** Left out: it comes with something else. */
  create?: {
    verb: string; command: string; fields: readonly Field[]; role?: 'operator' | 'admin';
    /** Where to read how far it is, in percent. */
    progress?: Path;
  };
  actions: readonly Action[];
  tabs?: readonly Tab[];
  /** Fields that a tab shows better. */
  elsewhere?: readonly string[];
  metrics?: Path;
};

/** Makes sure that a form only holds what the API takes. */
export const fieldsOf = <Name extends keyof Body>(
  _body: Name,
  fields: readonly (Field & { name: (keyof Body[Name] & string) | `${keyof Body[Name] & string}.${string}` })[],
): readonly Field[] => fields;

/** Tags of one: all of them. Tags of many at once: these are set, the others stay. */
export const tagging = (path: Path, word: string): Action => {
  const wanted = (values: Values, { tags: now }: Document, isAlone: boolean) => ({ ...(isAlone ? {} : now), ...pairs(values.tags ?? '') });
  return {
    id: 'tags', label: 'Change tags', path, method: 'PATCH', isGuarded: true, outcome: 'changed',
    fields: [{ name: 'tags', label: 'Tags', type: 'pairs', hint: 'One key=value a line. Of many at once: these are set, their other tags stay.' }],
    start: ({ tags: now }) => ({ tags: Object.entries(now).map(([key, value]) => `${key}=${value}`).join('\n') }),
    body: (values, document, isAlone) => ({ tags: wanted(values, document, isAlone) }),
    command: (it, values, document, isAlone) => [word, 'tag', it, ...edits(document.tags, wanted(values, document, isAlone))].map(quoted).join(' '),
  };
};

export const spec = (name: string) => (document: Document) => document.spec[name];
export const observed = (name: string) => (document: Document) => document.observed[name];
export const vpc: Column = { id: 'vpc', label: 'VPC', of: spec('vpc') };
export const name = (hint: string, isHost = false): Field & { name: 'name' } => ({
  name: 'name', label: 'Name', isRequired: true, initial: '',
  hint: `Lower-case letters, digits and hyphens, such as ${hint}.${isHost ? ' It is the host name in its VPC.' : ''}`,
});
export const tags = { name: 'tags', label: 'Tags', type: 'pairs', hint: 'One key=value a line.', option: '--tag' } as const;
export const inVpc = { name: 'vpc', label: 'VPC', of: '/api/vpcs', initial: 'default', option: '--vpc' } as const;
export const publish = {
  name: 'publish', label: 'Port of the host', type: 'number', option: '--publish',
  hint: 'Left out: private to its VPC.',
} as const;
