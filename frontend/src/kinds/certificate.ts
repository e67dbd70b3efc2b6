/** Certificates of a load balancer. A private key only ever goes to the API: no notice, command or address holds it. */
import { bodyOf } from '@/lib/forms';
import { fieldsOf, name, type Action } from './kind';

export type Certificate = { name: string; subject: string; names: string[]; not_after: string; fingerprint: string };

const PATH = '/api/load-balancers/{id_or_name}/certificates/{name}';
const PAIR = fieldsOf('UploadCertificate', [
  { name: 'certificate', label: 'Certificate', type: 'document', isRequired: true, hint: 'PEM, with its chain; the one of the server itself comes first.' },
  { name: 'private_key', label: 'Private key', type: 'document', isSecret: true, isRequired: true, hint: 'PEM, without a passphrase. It is kept sealed and never shown again.' },
]);
const command = (it: string, known: string) => `lb certificate ${it} ${known || 'CERTIFICATE'} --certificate FILE --private-key FILE`;

export const uploading: Action = {
  id: 'new certificate', label: 'Upload a certificate', path: PATH, method: 'PUT', outcome: 'changed',
  fields: [{ ...name('shop'), hint: 'What listeners call it, such as shop.' }, ...PAIR], in: (values) => ({ name: values.name ?? '' }),
  body: (values) => bodyOf(PAIR, values), command: (it, values) => command(it, values.name ?? ''),
};

export const replacing = ({ name: known }: Certificate): Action => ({
  ...uploading, id: known, label: 'Replace', fields: PAIR, in: () => ({ name: known }), command: (it) => command(it, known),
});

export const removing = ({ name: known }: Certificate): Action => ({
  id: known, label: 'Remove', path: PATH, method: 'DELETE', isDestructive: true, outcome: 'changed', in: () => ({ name: known }),
  command: (it) => `lb remove-certificate ${it} ${known}`,
});
