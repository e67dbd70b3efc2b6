import { KINDS } from '@/kinds';
import { DetailPage } from '@/parts/pages';

export const dynamicParams = false;
export const generateStaticParams = () => KINDS.map(({ slug }) => ({ kind: slug }));
export default async function Page({ params }: { params: Promise<{ kind: string }> }) {
  return <DetailPage slug={(await params).kind} />;
}
