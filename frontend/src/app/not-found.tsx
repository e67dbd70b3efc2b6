import { Link } from '@/components/display/Link';

export default function NotFound() {
  return (
    <p>
      There is no such page. <Link to="/">The dashboard</Link>
    </p>
  );
}
