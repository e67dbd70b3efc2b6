/** What the API answers with. Paths and bodies come from its OpenAPI document, see `schema.d.ts`. */
import type { components, paths } from './schema';

export type Body = components['schemas'];
export type Path = keyof paths;
type Any = Record<string, unknown>;
export type Document = Omit<Body['Document'], 'spec' | 'observed'> & { spec: Any; observed: Any };

/** A CloudEvent of the timeline and the stream. */
export type CloudEvent = {
  id: string; type: string; subject: string; time: string; position: number; data: Any;
  resourcekind: string; resourcename: string | null; resourceversion: number;
  actor: string; actorname: string | null; correlationid: string | null; causationid: number | null; summary: string;
};

export type Summary = {
  position: number;
  problems: { id: string; kind: string; name: string; status: string; status_reason: string | null }[];
  work: { waiting: number; failing: Any[] };
  projection: { lag_events: number; lag_s: number };
  counts: Record<string, { total: number; by_status: Record<string, number> }>;
};

export type Figures = { cpu_percent: number | null; memory_percent: number | null; memory_bytes: number | null };
export type Point = { at: string; host: Figures; resources: Record<string, Figures & { name: string }> };
export type Session = { key: string; name: string; role: 'admin' | 'operator' | 'viewer'; account: string };
