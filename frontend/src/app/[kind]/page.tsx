import { LISTS } from '@/resources';
import { ListPage } from '@/components/shell/pages';

export const dynamicParams = false;
export const generateStaticParams = () => LISTS.map(({ slug }) => ({ kind: slug }));
export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  return <ListPage slug={(await params).kind} />;
}
