/** What the console knows about a kind. One file per kind provides it; everything else is shared. */
import type { Document, Path } from '@/api/types';

export type Column = { id: string; label: string; of: (document: Document) => unknown; isHidden?: boolean };

/** The values of a form: texts by field name. */
export type Values = Record<string, string>;

export type Field = {
  /** The path in the body: `backup.retention_days` is nested. */
  name: string;
  label: string;
  hint?: string;
  type?: 'text' | 'number' | 'switch' | 'words' | 'pairs' | 'ports' | 'rows' | 'document';
  /** Masks the text of a document field. */
  isSecret?: boolean;
  /** Shown below More settings. */
  isMore?: boolean;
  choices?: readonly string[];
  /** The list whose names are offered as choices. */
  of?: Path;
  /** The list has no pages. */
  isWhole?: boolean;
  /** The fields of each row of a repeated field. */
  row?: readonly Field[];
  isRequired?: boolean;
  initial?: string;
  /** A value that shows what is meant. */
  example?: string;
  /** Bounds of a number. */
  minimum?: number;
  maximum?: number;
  /** A number must be larger than this. */
  above?: number;
  /** Default: always shown. */
  isShown?: (values: Values) => boolean;
  /** The option of the command; without it the value is an argument. */
  option?: string;
  /** A row as the value of the option. */
  toOption?: (row: Values) => string;
  /** What is sent when a text is cleared; default: nothing. */
  emptied?: unknown;
};

/** What a form states about a field of a body: its name, and what the API does not say. */
export type Stated<Name extends string = string> = Omit<Field, 'name' | 'label' | 'row'> & {
  name: Name;
  label?: string;
  row?: readonly Stated[];
};

/** The names in `OUTCOMES`. */
export type OutcomeName =
  'settled' | 'changed' | 'carriedOut' | 'backedUp' | 'refreshed' | 'sized' | 'verified' | 'drained' | 'serving';

export type Action = {
  id: string;
  label: string;
  path: Path;
  method?: 'POST' | 'DELETE' | 'PATCH' | 'PUT';
  /** The statuses in which it is possible; default: all. */
  when?: readonly string[];
  /** A further condition on the document. */
  fits?: (document: Document) => boolean;
  /** Requires the name to be typed as confirmation. */
  isDestructive?: boolean;
  /** What it deletes is kept in the trash. */
  isKept?: boolean;
  /** The fields of its form. */
  fields?: readonly Field[];
  /** The current values of the fields. With them, only changed fields are sent. */
  start?: (document: Document) => Values;
  /** The body, when it is not made of the fields. */
  body?: (values: Values, document: Document, isAlone: boolean) => unknown;
  /** Parameters of the path. */
  in?: (values: Values) => Record<string, string>;
  query?: (values: Values) => Record<string, string | boolean>;
  /** Sent with If-Match, for actions that replace a whole list. */
  isGuarded?: boolean;
  /** For a single resource only. */
  isSingle?: boolean;
  role?: 'operator' | 'admin';
  /** The equivalent command without `cloud `. */
  command: (name: string, values: Values, document: Document, isAlone: boolean) => string;
  /** How to judge that it has finished; default: by status. */
  outcome?: OutcomeName;
  /** Where to read the progress in percent. */
  progress?: Path;
};

export type Tab =
  | 'steps'
  | 'metrics'
  | 'stats'
  | 'queues'
  | 'program'
  | 'inside'
  | 'traffic'
  | 'logs'
  | 'targets'
  | 'decisions'
  | 'backups'
  | 'replicas'
  | 'archived'
  | 'snapshots'
  | 'routing'
  | 'members'
  | 'rules'
  | 'policies'
  | 'connection';

export type Kind = {
  /** The last part of the path of its list, and of its page. */
  slug: string;
  kind: string;
  /** The prefix of its ids. */
  prefix: string;
  one: string;
  many: string;
  section: 'Compute' | 'Network' | 'Storage' | 'Data' | 'Access' | 'Upkeep';
  /** A description for the empty list. */
  about: string;
  list: Path;
  item: Path;
  columns: readonly Column[];
  /** Missing for kinds that are created with another resource. */
  create?: {
    verb: string;
    command: string;
    fields: readonly Field[];
    role?: 'operator' | 'admin';
    /** Where to read the progress in percent. */
    progress?: Path;
  };
  actions: readonly Action[];
  tabs?: readonly Tab[];
  /** The tab that is open at first; default: the overview. */
  firstTab?: Tab;
  /** Fields left out of the overview, because a tab shows them. */
  elsewhere?: readonly string[];
  metrics?: Path;
};

/** The properties of every tab. */
export type TabProps = { kind: Kind; document: Document };
