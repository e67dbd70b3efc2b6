import { LISTS } from '@/resources';
import { DetailPage } from '@/components/shell/pages';

export const dynamicParams = false;
export const generateStaticParams = () => LISTS.map(({ slug }) => ({ kind: slug }));
export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  return <DetailPage slug={(await params).kind} />;
}
