import { Go } from '@/parts/Go';

export default function NotFound() {
  return <p>There is no such page. <Go to="/">The dashboard</Go></p>;
}
