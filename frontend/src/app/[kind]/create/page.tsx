import { KINDS } from '@/resources';
import { CreatePage } from '@/components/shell/pages';

export const dynamicParams = false;
export const generateStaticParams = () =>
  KINDS.filter(({ create }) => create !== undefined).map(({ slug }) => ({ kind: slug }));
export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  return <CreatePage slug={(await params).kind} />;
}
