/** A static export: the API serves what this writes, so that nobody needs Node to use the console. */
export default {
  output: 'export',
  trailingSlash: true,
  reactStrictMode: true,
  images: { unoptimized: true },
  // Types are checked by `scripts/console check`; whoever only runs the console need not wait for that.
  typescript: { ignoreBuildErrors: true },
  transpilePackages: ['@cloudscape-design/components', '@cloudscape-design/component-toolkit'],
};
