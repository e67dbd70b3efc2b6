'use client';
/** The page of one resource: overview, tabs, history and causes. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import type { Document } from '@/api/types';
import type { Kind, Tab, TabProps } from '@/resources/types';
import { label, plain } from '@/lib/format';
import { useAnswer } from '@/lib/reading';
import { useQueryParam } from '@/lib/navigation';
import { ActionMenu } from '@/components/actions/Actions';
import { Archived, Backups } from '@/components/detail/tabs/Backups';
import { Connection } from '@/components/detail/tabs/Connection';
import { Decisions } from '@/components/detail/tabs/Decisions';
import { LocalTime } from '@/components/display/LocalTime';
import { Link } from '@/components/display/Link';
import { History } from '@/components/detail/tabs/History';
import { Rules } from '@/components/detail/tabs/Rules';
import { VpcMembers } from '@/components/detail/tabs/VpcMembers';
import { Logs } from '@/components/detail/tabs/Logs';
import { Members } from '@/components/detail/tabs/Members';
import { Metrics, Traffic } from '@/components/detail/tabs/Metrics';
import { Policies } from '@/components/detail/tabs/Policies';
import { RunCommand } from '@/components/detail/tabs/RunCommand';
import { Queues } from '@/components/detail/tabs/Queues';
import { Routing } from '@/components/detail/tabs/Routing';
import { Snapshots } from '@/components/detail/tabs/Snapshots';
import { Replicas } from '@/components/detail/tabs/Replicas';
import { Steps } from '@/components/detail/tabs/Steps';
import { Stats } from '@/components/detail/tabs/Stats';
import { Status } from '@/components/display/Status';
import { Targets } from '@/components/detail/tabs/Targets';
import { Value } from '@/components/display/Value';
import { Why } from '@/components/detail/tabs/Why';

const TABS: Record<Tab, { label: string; Content: (props: TabProps) => React.ReactNode }> = {
  steps: { label: 'Steps', Content: Steps },
  metrics: { label: 'Metrics', Content: Metrics },
  stats: { label: 'Figures', Content: Stats },
  queues: { label: 'Queues', Content: Queues },
  program: { label: 'Run', Content: RunCommand },
  rules: { label: 'Rules', Content: Rules },
  inside: { label: 'What is in it', Content: VpcMembers },
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
  const [tab, setTab] = useQueryParam('tab', kind.firstTab ?? 'overview');
  const { data: document, error } = useAnswer<Document>(kind.item, { in: { id_or_name: id } });
  if (error)
    return (
      <Alert
        type={error.status === 404 ? 'info' : 'error'}
        header={error.status === 404 ? `There is no such ${kind.one} at this moment` : undefined}
      >
        {error.detail} <Link to={`/${kind.slug}/`}>{`All ${kind.many.toLowerCase()}`}</Link>
      </Alert>
    );
  if (document === undefined) return <Box>Loading</Box>;
  const isThere = tab === 'history' || tab === 'why' || kind.tabs?.includes(tab as Tab);
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={<ActionMenu kind={kind} documents={[document]} />}
        description={
          <>
            <Link to={`/${kind.slug}/`}>{kind.many}</Link> · {document.id}
          </>
        }
      >
        <span data-testid="name">{document.name}</span>{' '}
        <span className="of-title" data-testid="status">
          <Status status={document.status} />
        </span>
      </Header>
      {document.status_reason && (
        <Alert type={document.status === 'error' ? 'error' : 'info'}>{document.status_reason}</Alert>
      )}
      {document.purges_at && kind.kind !== 'trash' && (
        <Alert type="info">
          It was deleted and can be restored until <LocalTime at={document.purges_at} />:{' '}
          <Link to={`/trash/detail/?id=${document.id}`}>Trash</Link>
        </Alert>
      )}
      <Tabs
        activeTabId={isThere ? tab : 'overview'}
        onChange={({ detail }) => setTab(detail.activeTabId)}
        tabs={[
          { id: 'overview', label: 'Overview', content: <Overview kind={kind} document={document} /> },
          ...(kind.tabs ?? []).map((each) => {
            const { Content, label: text } = TABS[each];
            return { id: each, label: text, content: <Content kind={kind} document={document} /> };
          }),
          { id: 'history', label: 'History', content: <History kind={kind} document={document} /> },
          { id: 'why', label: 'Why', content: <Why kind={kind} document={document} /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Overview({ kind, document }: TabProps) {
  const pairs = (tree: Record<string, unknown>) =>
    Object.entries(tree)
      .filter(([key]) => !kind.elsewhere?.includes(key))
      .map(([key, value]) => ({ label: label(key), value: <Value value={value} /> }));
  const observed = pairs(document.observed);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">At a glance</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            {
              label: 'ID',
              value: (
                <CopyToClipboard
                  variant="inline"
                  textToCopy={document.id}
                  copyButtonAriaLabel="Copy the id"
                  copySuccessText="Copied"
                  copyErrorText="Not copied"
                />
              ),
            },
            { label: 'Created', value: <LocalTime at={document.created_at} /> },
            { label: 'Created by', value: <Value value={document.created_by} /> },
            { label: 'Changed', value: <LocalTime at={document.updated_at} /> },
            { label: 'Version', value: `${document.version}, at position ${document.position}` },
            { label: 'Tags', value: plain(document.tags) },
          ]}
        />
      </Container>
      <Container
        header={
          <Header variant="h2" description="What was requested">
            Specification
          </Header>
        }
      >
        <KeyValuePairs columns={3} items={pairs(document.spec)} />
      </Container>
      {observed.length > 0 && (
        <Container
          header={
            <Header variant="h2" description="What is">
              Observed
            </Header>
          }
        >
          <KeyValuePairs columns={3} items={observed} />
        </Container>
      )}
    </SpaceBetween>
  );
}
