'use client';
/** One resource: what it is, what it does, what happened to it and why. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import type { Document } from '@/api/types';
import type { Kind, Tab } from '@/kinds/kind';
import { label, moment, plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { useWord } from '@/lib/way';
import { ActionMenu } from './Actions';
import { Archived, Backups } from './Backups';
import { Connection } from './Connection';
import { Decisions } from './Decisions';
import { Go } from './Go';
import { History } from './History';
import { Inside } from './Inside';
import { Logs } from './Logs';
import { Members } from './Members';
import { Metrics, Traffic } from './Metrics';
import { Policies } from './Policies';
import { Program } from './Program';
import { Queues } from './Queues';
import { Routing } from './Routing';
import { Snapshots } from './Snapshots';
import { Replicas } from './Replicas';
import { Stats } from './Stats';
import { Status } from './Status';
import { Targets } from './Targets';
import { Value } from './Value';
import { Why } from './Why';

export type TabProps = { kind: Kind; document: Document };
const TABS: Record<Tab, { label: string; Content: (props: TabProps) => React.ReactNode }> = {
  metrics: { label: 'Metrics', Content: Metrics },
  stats: { label: 'Figures', Content: Stats },
  queues: { label: 'Queues', Content: Queues },
  program: { label: 'Run', Content: Program },
  inside: { label: 'What is in it', Content: Inside },
  traffic: { label: 'Traffic', Content: Traffic },
  logs: { label: 'Logs', Content: Logs },
  targets: { label: 'Targets', Content: Targets },
  decisions: { label: 'Decisions', Content: Decisions },
  routing: { label: 'Routing', Content: Routing },
  members: { label: 'Instances', Content: Members },
  policies: { label: 'Policies', Content: Policies },
  snapshots: { label: 'Snapshots', Content: Snapshots },
  archived: { label: 'Backups', Content: Archived },
  backups: { label: 'Backups', Content: Backups },
  replicas: { label: 'Replicas', Content: Replicas },
  connection: { label: 'Connection', Content: Connection },
};

export function Detail({ kind, id }: { kind: Kind; id: string }) {
  const [tab, setTab] = useWord('tab', 'overview');
  const { data: document, error } = useRead<Document>(kind.item, { in: { id_or_name: id } });
  if (error)
    return <Alert type={error.status === 404 ? 'info' : 'error'} header={error.status === 404 ? `There is no such ${kind.one} at this moment` : undefined}>{error.detail} <Go to={`/${kind.slug}/`}>{`All ${kind.many.toLowerCase()}`}</Go></Alert>;
  if (document === undefined) return <Box>Loading</Box>;
  const isThere = tab === 'history' || tab === 'why' || kind.tabs?.includes(tab as Tab);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" actions={<ActionMenu kind={kind} documents={[document]} />}
        description={<><Go to={`/${kind.slug}/`}>{kind.many}</Go> · {document.id}</>}>
        <span data-testid="name">{document.name}</span> <span className="of-title" data-testid="status"><Status status={document.status} /></span>
      </Header>
      {document.status_reason && <Alert type={document.status === 'error' ? 'error' : 'info'}>{document.status_reason}</Alert>}
      <Tabs activeTabId={isThere ? tab : 'overview'} onChange={({ detail }) => setTab(detail.activeTabId)} tabs={[
        { id: 'overview', label: 'Overview', content: <Overview kind={kind} document={document} /> },
        ...(kind.tabs ?? []).map((each) => {
          const { Content, label: text } = TABS[each];
          return { id: each, label: text, content: <Content kind={kind} document={document} /> };
        }),
        { id: 'history', label: 'History', content: <History kind={kind} document={document} /> },
        { id: 'why', label: 'Why', content: <Why kind={kind} document={document} /> },
      ]} />
    </SpaceBetween>
  );
}

function Overview({ kind, document }: TabProps) {
  const pairs = (tree: Record<string, unknown>) =>
    Object.entries(tree).filter(([key]) => !kind.elsewhere?.includes(key)).map(([key, value]) => ({ label: label(key), value: <Value value={value} /> }));
  const observed = pairs(document.observed);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">At a glance</Header>}>
        <KeyValuePairs columns={3} items={[
          { label: 'ID', value: <CopyToClipboard variant="inline" textToCopy={document.id} copyButtonAriaLabel="Copy the id" copySuccessText="Copied" copyErrorText="Not copied" /> },
          { label: 'Created (UTC)', value: moment(document.created_at) },
          { label: 'Created by', value: <Value value={document.created_by} /> },
          { label: 'Changed (UTC)', value: moment(document.updated_at) },
          { label: 'Version', value: `${document.version}, at position ${document.position}` },
          { label: 'Tags', value: plain(document.tags) },
        ]} />
      </Container>
      <Container header={<Header variant="h2" description="What was asked for">Specification</Header>}>
        <KeyValuePairs columns={3} items={pairs(document.spec)} />
      </Container>
      {observed.length > 0 && (
        <Container header={<Header variant="h2" description="What is">Observed</Header>}>
          <KeyValuePairs columns={3} items={observed} />
        </Container>
      )}
    </SpaceBetween>
  );
}
