/** Certificates of a load balancer. A private key is sent to the API only, and never shown or put into a command. */
import type { Body } from '@/api/types';
import { bodyOf } from '@/lib/forms';
import { fieldsOf, name } from './fields';
import type { Action } from './types';

export type Certificate = Body['Certificate'];

const PATH = '/api/load-balancers/{id_or_name}/certificates/{name}';
const PAIR = fieldsOf('UploadCertificate', [
  { name: 'certificate', type: 'document' },
  {
    name: 'private_key',
    type: 'document',
    isSecret: true,
  },
]);
const command = (it: string, known: string) =>
  `lb certificate ${it} ${known || 'CERTIFICATE'} --certificate FILE --private-key FILE`;

export const uploading: Action = {
  id: 'new certificate',
  label: 'Upload a certificate',
  path: PATH,
  method: 'PUT',
  outcome: 'changed',
  fields: [{ ...name, label: 'Name', isRequired: true, hint: 'The name for listeners, such as shop.' }, ...PAIR],
  in: (values) => ({ name: values.name ?? '' }),
  body: (values) => bodyOf(PAIR, values),
  command: (it, values) => command(it, values.name ?? ''),
};

export const replacing = ({ name: known }: Certificate): Action => ({
  ...uploading,
  id: known,
  label: 'Replace',
  fields: PAIR,
  in: () => ({ name: known }),
  command: (it) => command(it, known),
});

export const removing = ({ name: known }: Certificate): Action => ({
  id: known,
  label: 'Remove',
  path: PATH,
  method: 'DELETE',
  isDestructive: true,
  outcome: 'changed',
  in: () => ({ name: known }),
  command: (it) => `lb remove-certificate ${it} ${known}`,
});
