import { fieldsOf, name, observed, spec, tags, type Kind } from './kind';

export const volume: Kind = {
  slug: 'volumes', kind: 'volume', one: 'volume', many: 'Volumes', section: 'Storage',
  about: 'A volume keeps files longer than the instance they are attached to, and can be snapshot.',
  list: '/api/volumes', item: '/api/volumes/{id_or_name}',
  columns: [
    { id: 'size', label: 'Size (GiB)', of: spec('size_gb') },
    { id: 'attached', label: 'Attached to', of: observed('attached_to') },
    { id: 'path', label: 'Path', of: ({ observed: { attached_to: to } }) => (to as { path?: string } | null)?.path },
  ],
  create: {
    verb: 'Create', command: 'volume create',
    fields: fieldsOf('CreateVolume', [
      { ...name('data') },
      { name: 'size_gb', label: 'Size (GiB)', type: 'number', hint: 'A real limit. Left out: what the disk holds.', option: '--size' },
      tags,
    ]),
  },
  actions: [
    {
      id: 'attach', label: 'Attach', path: '/api/volumes/{id_or_name}/attach', when: ['available'],
      fields: fieldsOf('AttachVolume', [
        { name: 'instance', label: 'Instance', of: '/api/instances', isRequired: true, hint: 'A stopped one.' },
        { name: 'path', label: 'Path', isRequired: true, initial: '/data' },
      ]),
      command: (it, values) => `volume attach ${it} ${values.instance} --path ${values.path}`,
    },
    {
      id: 'detach', label: 'Detach', path: '/api/volumes/{id_or_name}/detach',
      fields: fieldsOf('DetachVolume', [{ name: 'instance', label: 'Instance', of: '/api/instances', isRequired: true }]),
      command: (it, values) => `volume detach ${it} ${values.instance}`,
    },
    { id: 'delete', label: 'Delete', path: '/api/volumes/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `volume delete ${it}` },
  ],
};
