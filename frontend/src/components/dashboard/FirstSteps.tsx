'use client';
/** What to do first in a cloud that has nothing yet. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Summary } from '@/api/types';
import { Command } from '@/components/display/Command';

const STEPS = [
  {
    title: '1. Launch an instance: a container with a name, limits and a published port',
    text: 'cloud instance launch web-1 --image miniaws/hello:local --publish 8081:8080',
  },
  {
    title: '2. Change it, and see what happened and why',
    text: 'cloud instance resize web-1 --type small\ncloud why web-1',
  },
  {
    title: '3. See the cloud as it was before, or move the slider below',
    text: 'cloud instance list --as-of "10m ago"\ncloud diff "10m ago"',
  },
];
/** What every cloud has. */
const GIVEN = new Set(['vpc', 'access_key']);

export const isEmpty = ({ counts }: Summary): boolean =>
  Object.entries(counts).every(([kind, { total }]) => total === 0 || GIVEN.has(kind));

export function FirstSteps() {
  return (
    <Container header={<Header variant="h2">First steps</Header>}>
      <SpaceBetween size="m">
        {STEPS.map((step) => (
          <Command key={step.text} {...step} />
        ))}
        <Box color="text-body-secondary">Each list has a form that does the same, and shows the command.</Box>
      </SpaceBetween>
    </Container>
  );
}
