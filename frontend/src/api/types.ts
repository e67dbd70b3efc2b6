/** Types of the API, derived from its OpenAPI document: see `schema.d.ts`. */
import type { components, paths } from './schema';

export type Body = components['schemas'];
export type Path = keyof paths;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Json<Response> = Response extends { content: { 'application/json': infer Content } } ? Content : never;
/** What an operation answers with. */
export type Answer<P extends Path, M extends Method = 'GET'> =
  paths[P] extends Record<Lowercase<M>, { responses: infer Responses }>
    ? Json<Responses[keyof Responses & (200 | 201 | 202)]>
    : never;

type Any = Record<string, unknown>;
/** A document of any kind, for code that all kinds share. */
export type Document = Omit<Body['VpcDocument'], 'kind' | 'spec' | 'observed'> & {
  kind: string;
  spec: Any;
  observed: Any;
};
export type KindName = Body['Document']['kind'];
export type DocumentOf<Name extends KindName> = Extract<Body['Document'], { kind: Name }>;

/** A document with the type of its kind, for code that only gets documents of that kind. */
export const typed = <Name extends KindName>(_kind: Name, document: Document) =>
  document as unknown as DocumentOf<Name>;

export type CloudEvent = Body['CloudEvent'];
export type Summary = Body['DashboardSummary'];
export type Figures = Body['Figures'];
export type Point = Body['LivePoint'];
export type Columns = Body['FigureColumns'];
export type Stats = Body['DashboardStats'];
export type Session = Body['Session'];
