'use client';
import '@xyflow/react/dist/style.css';
import { Background, Controls, Handle, Position, ReactFlow, type Edge, type Node, type NodeProps } from '@xyflow/react';
import { memo, useMemo } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import type { Document } from '@/api/types';
import { byKind, pageOf } from '@/resources';
import { plain, tone } from '@/lib/format';
import { isDrawn, lines, MANY, place, vpcOf } from '@/lib/topologyLayout';
import { readAll, useList } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { useNavigation } from '@/lib/navigation';
import { useDark } from '@/lib/window';

type Drawn = Node<{ document: Document; isNew: boolean; text?: string }>;

const Resource = memo(function Resource({ data: { document, isNew, text } }: NodeProps<Drawn>) {
  return (
    <div
      className="node"
      data-tone={tone(document.status)}
      data-new={isNew || undefined}
      data-testid={`node-${document.name}`}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <b>{text ?? document.name}</b>
      {text === undefined && <div>{document.status}</div>}
      <small>
        {byKind(document.kind)?.one} {plain(document.observed.address).replace('–', '')}
      </small>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});
const Area = memo(function Area({ data: { document } }: NodeProps<Drawn>) {
  return (
    <div className="area">
      {document.name} · {plain(document.spec.cidr)}
    </div>
  );
});
const TYPES = { resource: Resource, area: Area };

export default function Topology() {
  const navigation = useNavigation();
  const { at } = useTime();
  const isDark = useDark();
  const list = useList('/api/resources');
  // What ended in the last day has a place, too, so that nothing moves while time does.
  const ever = useQuery({ queryKey: ['now', 'ever'], queryFn: () => readAll('/api/resources', { ended: true }) });
  const places = useMemo(() => {
    const known = new Set((ever.data ?? []).map(({ id }) => id));
    return place([...(ever.data ?? []), ...(list.data ?? []).filter(({ id }) => !known.has(id))]);
  }, [ever.data, list.data]);
  const nodes = useMemo(() => nodesOf(list.data ?? [], places, at), [list.data, places, at]);
  const edges = useMemo<Edge[]>(() => {
    const shown = new Set(nodes.map(({ id }) => id));
    return lines(list.data ?? [])
      .filter(({ from, to }) => shown.has(from) && shown.has(to))
      .map(({ id, from, to, label, isHealthy }) => ({
        id,
        source: from,
        target: to,
        label,
        animated: isHealthy,
        style: { stroke: isHealthy ? 'var(--good)' : 'var(--bad)' },
        zIndex: 1,
      }));
  }, [list.data, nodes]);
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="What is where, and what leads to it. Drag the moment below to see it grow.">
        Topology
      </Header>
      {list.error && <Alert type="error">{list.error.detail}</Alert>}
      <Container disableContentPaddings>
        <div className="picture" data-testid="picture">
          {ever.data && list.data && (
            <ReactFlow
              nodes={nodes}
              edges={edges}
              nodeTypes={TYPES}
              fitView
              fitViewOptions={{ maxZoom: 1, padding: 0.05 }}
              minZoom={0.1}
              nodesDraggable={false}
              nodesConnectable={false}
              onlyRenderVisibleElements
              colorMode={isDark ? 'dark' : 'light'}
              onNodeClick={(_, node) => {
                const page = pageOf(node.data.document.kind, node.id);
                if (page) navigation.go(page);
              }}
            >
              <Background />
              <Controls showInteractive={false} />
            </ReactFlow>
          )}
        </div>
      </Container>
    </SpaceBetween>
  );
}

function nodesOf(
  documents: Document[],
  places: Map<string, { x: number; y: number; width: number; height: number }>,
  at: number | null,
): Drawn[] {
  const node = (document: Document, text?: string): Drawn[] => {
    const box = places.get(document.id);
    if (box === undefined) return [];
    const isArea = document.kind === 'vpc';
    return [
      {
        id: document.id,
        type: isArea ? 'area' : 'resource',
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        parentId: isArea ? undefined : (vpcOf(document) ?? undefined),
        selectable: !isArea,
        draggable: false,
        data: { document, isNew: document.position === at, text },
        ariaLabel: text ?? `${byKind(document.kind)?.one} ${document.name}: ${document.status}`,
      },
    ];
  };
  const areas = documents.filter(({ kind }) => kind === 'vpc');
  const inside = documents.filter((each) => isDrawn(each) && areas.some(({ id }) => id === vpcOf(each)));
  const crowded = areas.flatMap(({ id }) => {
    const crowd = inside.filter((each) => each.kind === 'instance' && vpcOf(each) === id);
    return crowd.length > MANY ? [crowd] : [];
  });
  const hidden = new Set(crowded.flat().map(({ id }) => id));
  return [
    ...areas.flatMap((each) => node(each)),
    ...inside.filter(({ id }) => !hidden.has(id)).flatMap((each) => node(each)),
    ...crowded.flatMap((crowd) => {
      const first = crowd.find(({ id }) => places.has(id));
      return first ? node(first, `${crowd.length} instances`) : [];
    }),
  ];
}
