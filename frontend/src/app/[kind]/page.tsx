import { KINDS } from '@/kinds';
import { ListPage } from '@/parts/pages';

export const dynamicParams = false;
export const generateStaticParams = () => KINDS.map(({ slug }) => ({ kind: slug }));
export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  return <ListPage slug={(await params).kind} />;
}
