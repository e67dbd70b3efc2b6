import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { tone } from '@/lib/format';

export function Status({ status, reason }: { status: string; reason?: string | null }) {
  return (
    <span title={reason ?? undefined}>
      <StatusIndicator type={tone(status)}>
        <span className="line">{status}</span>
      </StatusIndicator>
    </span>
  );
}
