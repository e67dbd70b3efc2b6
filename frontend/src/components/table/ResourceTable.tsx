'use client';
/** The list of one kind: filter, sort, choose columns, run an action on many resources. */
import { useSearchParams } from 'next/navigation';
import { useEffect, useMemo } from 'react';
import { useCollection } from '@cloudscape-design/collection-hooks';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CollectionPreferences, {
  type CollectionPreferencesProps,
} from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Kind } from '@/resources/types';
import { usePermission } from '@/lib/usePermission';
import { write } from '@/lib/address';
import { useLocalStorage } from '@/lib/useLocalStorage';
import { useList } from '@/lib/reading';
import { EVERYTHING, filterWords, pageWords, shownOf, sortWords, type Query, type Shown } from '@/lib/table';
import { useNavigation } from '@/lib/navigation';
import { commandOf, exampleOf } from '@/lib/forms';
import { ActionMenu } from '@/components/actions/Actions';
import { Command } from '@/components/display/Command';
import { type Row, columnsOf, rowOf } from '@/components/table/rows';

const OPERATORS = [':', '!:', '=', '!='] as const;

const sorting = ({ sort, isDescending }: Shown) => ({ sortingColumn: { sortingField: sort }, isDescending });

export function ResourceTable({ kind }: { kind: Kind }) {
  const navigation = useNavigation();
  const list = useList(kind.list);
  const mayCreate = usePermission(kind.create?.role);
  const rows = useMemo(() => (list.data ?? []).map((document) => rowOf(kind, document)), [list.data, kind]);
  const columns = useMemo(() => columnsOf(kind), [kind]);
  const [preferences, setPreferences] = useLocalStorage<CollectionPreferencesProps.Preferences>(`table-${kind.slug}`, {
    pageSize: 20,
    contentDensity: 'compact',
    visibleContent: columns.filter((each) => !each.isHidden).map((each) => each.id),
  });
  const create = () => navigation.go(`/${kind.slug}/create/`);
  const address = useSearchParams();
  const shown = useMemo(
    () =>
      shownOf(
        address,
        columns.map(({ id }) => id),
      ),
    [address, columns],
  );
  const { items, filteredItemsCount, collectionProps, propertyFilterProps, paginationProps, actions } =
    useCollection<Row>(rows, {
      propertyFiltering: {
        filteringProperties: columns.map((each) => ({
          key: each.id,
          propertyLabel: each.header,
          groupValuesLabel: each.header,
          operators: [...OPERATORS],
        })),
        empty: <Empty kind={kind} create={mayCreate && kind.create ? create : null} />,
        noMatch: (
          <Box textAlign="center">
            <Button onClick={() => write(filterWords(EVERYTHING))}>Clear the filter</Button>
          </Box>
        ),
        defaultQuery: shown.query,
      },
      pagination: { pageSize: preferences.pageSize, defaultPage: shown.page },
      sorting: { defaultState: sorting(shown) },
      selection: { trackBy: 'id' },
    });
  // The address decides: what is chosen below is written there, and what was there before comes back with it.
  useEffect(() => {
    actions.setPropertyFiltering(shown.query);
    actions.setSorting(sorting(shown));
    actions.setCurrentPage(shown.page);
  }, [shown, actions]);
  // As they are now: what is chosen stays chosen while it changes, and goes when it goes.
  const chosenIds = new Set((collectionProps.selectedItems ?? []).map(({ id }) => id));
  const chosen = rows.filter(({ id }) => chosenIds.has(id)).map(({ document }) => document);
  const verb = `${kind.create?.verb} ${kind.one}`;
  return (
    <SpaceBetween size="m">
      {list.error && (
        <Alert type="error" header={`The ${kind.many.toLowerCase()} cannot be shown`}>
          {list.error.detail}
        </Alert>
      )}
      <Table<Row>
        {...collectionProps}
        items={items}
        onSortingChange={({ detail }) =>
          write(sortWords(detail.sortingColumn.sortingField!, detail.isDescending ?? false))
        }
        loading={list.isPending}
        loadingText="Loading"
        variant="container"
        stickyHeader
        enableKeyboardNavigation
        selectionType={kind.actions.length > 0 ? 'multi' : undefined}
        contentDensity={preferences.contentDensity}
        columnDefinitions={columns}
        columnDisplay={columns.map(({ id }) => ({
          id,
          visible: id === 'name' || preferences.visibleContent!.includes(id),
        }))}
        ariaLabels={{
          tableLabel: kind.many,
          selectionGroupLabel: kind.many,
          allItemsSelectionLabel: () => 'Choose all',
          itemSelectionLabel: (_, row) => `Choose ${row.name}`,
        }}
        header={
          <Header
            variant="h1"
            counter={chosen.length > 0 ? `(${chosen.length}/${rows.length})` : `(${rows.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ActionMenu kind={kind} documents={chosen} />
                {kind.create && (
                  <Button variant="primary" disabled={!mayCreate} onClick={create}>
                    {verb}
                  </Button>
                )}
              </SpaceBetween>
            }
          >
            {kind.many}
          </Header>
        }
        filter={
          <PropertyFilter
            {...propertyFilterProps}
            onChange={({ detail }) => write(filterWords(detail as Query))}
            countText={`${filteredItemsCount} found`}
            expandToViewport
            filteringAriaLabel={`Filter ${kind.many}`}
            filteringPlaceholder="Filter by name, status or any column"
          />
        }
        pagination={
          <Pagination
            {...paginationProps}
            onChange={({ detail }) => write(pageWords(detail.currentPageIndex))}
            ariaLabels={{
              nextPageLabel: 'Next page',
              previousPageLabel: 'Previous page',
              pageLabel: (n) => `Page ${n}`,
            }}
          />
        }
        preferences={
          <CollectionPreferences
            title="Columns and rows"
            confirmLabel="Confirm"
            cancelLabel="Cancel"
            preferences={preferences}
            onConfirm={({ detail }) => setPreferences(detail)}
            pageSizePreference={{
              title: 'Rows a page',
              options: [20, 50, 100].map((value) => ({ value, label: String(value) })),
            }}
            contentDensityPreference={{ label: 'Dense', description: 'More rows at once' }}
            visibleContentPreference={{
              title: 'Columns',
              options: [
                {
                  label: '',
                  options: columns.map(({ id, header }) => ({ id, label: header, editable: id !== 'name' })),
                },
              ],
            }}
          />
        }
      />
    </SpaceBetween>
  );
}

function Empty({ kind, create }: { kind: Kind; create: (() => void) | null }) {
  return (
    <Box textAlign="center" padding="l">
      <SpaceBetween size="s">
        <b>{kind.slug === 'trash' ? 'The trash is empty' : `No ${kind.many.toLowerCase()}`}</b>
        <Box variant="p" color="text-body-secondary">
          {kind.about}
        </Box>
        {create && (
          <Button onClick={create}>
            {kind.create!.verb} {kind.one}
          </Button>
        )}
        {kind.create && <Command text={commandOf(kind.create, exampleOf(kind.create.fields))} />}
      </SpaceBetween>
    </Box>
  );
}
