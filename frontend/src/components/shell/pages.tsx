'use client';
/** From the address to the page of a kind. */
import { useSearchParams } from 'next/navigation';
import { Suspense } from 'react';
import { bySlug } from '@/resources';
import { CreateForm } from '@/components/forms/CreateForm';
import { Detail } from '@/components/detail/Detail';
import { ResourceTable } from '@/components/table/ResourceTable';

export const ListPage = ({ slug }: { slug: string }) => (
  <Suspense>
    <ResourceTable key={slug} kind={bySlug(slug)!} />
  </Suspense>
);
export const CreatePage = ({ slug }: { slug: string }) => (
  <CreateForm key={slug} kind={bySlug(slug)!} create={bySlug(slug)!.create!} />
);
export const DetailPage = ({ slug }: { slug: string }) => (
  <Suspense>
    <Wanted slug={slug} />
  </Suspense>
);

function Wanted({ slug }: { slug: string }) {
  const id = useSearchParams().get('id') ?? '';
  return <Detail key={id} kind={bySlug(slug)!} id={id} />;
}
