import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { bodyOf, commandOf, initial } from '@/lib/forms';
import { removing as removingCertificate, replacing, uploading } from './certificate';
import { database, restoring, restoringBackup } from './database';
import { instance } from './instance';
import type { Action, Kind, Values } from './types';
import { insideOf, redeclaring } from './queue';
import { scalingGroup } from './scaling_group';
import { snapshot, taking } from './snapshot';

const it = { id: 'x-1', name: 'web', spec: {}, observed: {}, tags: {} } as unknown as Document;
const held = (action: Action, values: Values): Values => ({
  ...initial(action.fields ?? []),
  ...action.start?.(it),
  ...values,
});
const said = (action: Action, values: Values) => action.command('web', held(action, values), it, true);
const sent = (action: Action, values: Values) =>
  action.body
    ? action.body(held(action, values), it, true)
    : bodyOf(action.fields ?? [], held(action, values), action.start?.(it));
const made = ({ create }: Kind, values: Values) => bodyOf(create!.fields, { ...initial(create!.fields), ...values });
const told = ({ create }: Kind, values: Values) => commandOf(create!, { ...initial(create!.fields), ...values });
const action = (kind: Kind, id: string) => kind.actions.find((each) => each.id === id)!;

test('a private key goes to the API and nowhere else', () => {
  const values = { name: 'shop', certificate: ' PEM ', private_key: 'SECRET' };
  expect(sent(uploading, values)).toEqual({ certificate: ' PEM ', private_key: 'SECRET' });
  expect(said(uploading, values)).toBe('lb certificate web shop --certificate FILE --private-key FILE');
  const shop = { name: 'shop', subject: 'CN=shop', names: [], not_after: '', fingerprint: '' };
  expect(said(replacing(shop), values)).not.toContain('SECRET');
  expect(said(removingCertificate(shop), {})).toBe('lb remove-certificate web shop');
});

test('user data is sent to the last blank, and the command names a file', () => {
  const text = '  first: 1\n\n';
  expect(made(instance, { name: 'web-1', user_data: text })).toMatchObject({ user_data: text });
  expect(told(instance, { name: 'web-1', user_data: text })).toBe(
    'cloud instance launch web-1 --image miniaws/hello:local --user-data @FILE',
  );
});

test('a snapshot is of one volume or of all', () => {
  expect(made(snapshot, { name: 'one', volume: 'data' })).toEqual({ name: 'one', all: false, volume: 'data' });
  expect(made(snapshot, { name: 'every', volume: 'data', all: 'true' })).toEqual({ name: 'every', all: true });
  expect([told(snapshot, { name: 'one', volume: 'data' }), told(snapshot, { name: 'every', all: 'true' })]).toEqual([
    'cloud snapshot create one data',
    'cloud snapshot create every --all',
  ]);
  expect([sent(taking, { name: 'one' }), said(taking, { name: 'one' })]).toEqual([
    { name: 'one', volume: 'x-1' },
    'snapshot create one web',
  ]);
  expect(said(action(snapshot, 'restore'), { name: 'new', volume: 'data', size_gb: '2' })).toBe(
    'snapshot restore web new --volume data --size 2',
  );
  expect(said(action(snapshot, 'copy'), { to: 'far', name: 'kept' })).toBe('snapshot copy web --to far --as kept');
});

test('a database is restored to a moment, or from one backup alone', () => {
  const to = '2026-11-23T10:00:00Z';
  expect([sent(restoring(to), { name: 'new' }), said(restoring(to), { name: 'new' })]).toEqual([
    { name: 'new', to },
    `db restore web --as new --to ${to}`,
  ]);
  const one = restoringBackup('b-1');
  expect([sent(one, { name: 'new', publish: '5555' }), said(one, { name: 'new', publish: '5555' })]).toEqual([
    { name: 'new', publish: 5555, backup: 'b-1' },
    'db restore web --as new --publish 5555 --backup b-1',
  ]);
  expect(told(database, { name: 'db-1', 'backup.synchronous': 'true', deletion_protection: 'true' })).toBe(
    'cloud db create db-1 --synchronous --protected',
  );
});

test('a database can be stopped but not restored before its first backup', () => {
  const at = (status: string) => ({ ...it, status }) as Document;
  expect(['creating', 'backing-up', 'available', 'error'].map((status) => restoring().fits!(at(status)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(action(database, 'stop').when).toEqual(['available', 'backing-up']);
});

test('a group rests in part, and is refreshed to another image', () => {
  const suspend = action(scalingGroup, 'suspend');
  expect([
    sent(suspend, {}),
    sent(suspend, { processes: 'launch health' }),
    said(suspend, { processes: 'launch health' }),
  ]).toEqual([{}, { processes: ['launch', 'health'] }, 'asg suspend web --process launch --process health']);
  const refresh = action(scalingGroup, 'refresh');
  expect([
    sent(refresh, { 'template.image': 'web:2', roll_back: 'false' }),
    said(refresh, { 'template.image': 'web:2', roll_back: 'false' }),
  ]).toEqual([{ template: { image: 'web:2' }, roll_back: false }, 'asg refresh web --image web:2 --no-roll-back']);
});

test('load balancers come before a group, and are taken away again', () => {
  const update = action(scalingGroup, 'update');
  const web = { load_balancer_id: 'lb-1', load_balancer: 'web', port: 8080, target_group: 'default', weight: 1 };
  const spec = { template: {}, load_balancers: [web] };
  const group = { ...it, spec } as unknown as Document;
  const start = { ...initial(update.fields!), ...update.start!(group) };
  const two = JSON.stringify([
    ...(JSON.parse(start.load_balancers!) as Values[]),
    { load_balancer: 'far', port: '80', target_group: 'api', weight: '3' },
  ]);
  expect(bodyOf(update.fields!, { ...start, load_balancers: two }, start)).toEqual({
    load_balancers: [
      { load_balancer: 'web', port: 8080, target_group: 'default', weight: 1 },
      { load_balancer: 'far', port: 80, target_group: 'api', weight: 3 },
    ],
  });
  expect(update.command('web', { ...start, load_balancers: two }, group, true)).toBe(
    'asg update web --load-balancer web:8080 --load-balancer far:80:api:3',
  );
  expect([
    bodyOf(update.fields!, { ...start, load_balancers: '' }, start),
    update.command('web', { ...start, load_balancers: '' }, group, true),
  ]).toEqual([{ load_balancers: [] }, "asg update web --load-balancer ''"]);
});

test('queues that clients made stand beside the declared ones, which are changed as a whole', () => {
  const limits = { durable: true, max_length: 9, max_age_s: null, dead_letter: null };
  const server = { ...it, spec: { queues: { jobs: limits } } } as Document;
  expect(insideOf(server, ['made', 'jobs'])).toEqual([
    { name: 'jobs', limits },
    { name: 'made', limits: null },
  ]);
  const change = redeclaring({ name: 'jobs', limits });
  expect([sent(change, { max_age_s: '60' }), said(change, { max_age_s: '60' })]).toEqual([
    { durable: true, max_length: 9, max_age_s: 60 },
    'queue declare web jobs --max-length 9 --max-age 60',
  ]);
});

/** What the console has no form for, and why. */
const LEFT_OUT: Record<string, string> = {
  '/api/scaling-groups/{id_or_name}/simulate': 'takes a file of policies: cloud asg simulate',
  '/api/security-groups/check': 'is asked with cloud sg check',
  '/api/session/tickets': 'is what cloud dashboard open asks for',
};

test('what the API can change can be changed here', () => {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, object> };
  const changing = Object.entries(paths).filter(([, methods]) =>
    Object.keys(methods).some((each) => ['post', 'put', 'patch', 'delete'].includes(each)),
  );
  const sources = ['src/resources', 'src/components']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.'))
        .map((file) => readFileSync(`${folder}/${file}`, 'utf8')),
    )
    .join('\n');
  const missing = changing.map(([path]) => path).filter((path) => !sources.includes(`'${path}'`));
  expect(missing.sort()).toEqual(Object.keys(LEFT_OUT).sort());
});
