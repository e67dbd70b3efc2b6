import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';

/** The same, for a terminal. */
export function Command({ text }: { text: string }) {
  return (
    <div>
      <Box fontSize="body-s" color="text-body-secondary">
        The same in a terminal <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel="Copy the command" copySuccessText="Copied" copyErrorText="Not copied" />
      </Box>
      <pre className="words" data-testid="command">{text}</pre>
    </div>
  );
}
