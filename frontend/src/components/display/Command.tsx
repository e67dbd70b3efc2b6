import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';

/** Commands for a terminal, such as what does the same as a form. */
export function Command({ text, title = 'The same in a terminal' }: { text: string; title?: string }) {
  return (
    <div>
      <Box fontSize="body-s" color="text-body-secondary">
        {title}{' '}
        <CopyToClipboard
          variant="icon"
          textToCopy={text}
          copyButtonAriaLabel="Copy the command"
          copySuccessText="Copied"
          copyErrorText="Not copied"
        />
      </Box>
      <pre className="words" data-testid="command">
        {text}
      </pre>
    </div>
  );
}
