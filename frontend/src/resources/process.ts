/** Settings of the main process, shared by instances and the templates of scaling groups. */

/** Fields below More settings; `prefix` is their path in the body. */
export const processFields = <const Prefix extends '' | 'template.'>(prefix: Prefix) =>
  [
    {
      name: `${prefix}init`,
      isMore: true,
      option: '--init/--no-init',
    },
    {
      name: `${prefix}capabilities`,
      isMore: true,
      option: '--cap-add',
    },
    {
      name: `${prefix}stop_grace_s`,
      isMore: true,
      option: '--stop-grace',
    },
    {
      name: `${prefix}stop_signal`,
      isMore: true,
      option: '--stop-signal',
    },
  ] as const;
