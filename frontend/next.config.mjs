/** A static export: the API serves what this writes, so that nobody needs Node to use the console. */
export default {
  output: 'export',
  trailingSlash: true,
  reactStrictMode: true,
  images: { unoptimized: true },
  transpilePackages: ['@cloudscape-design/components', '@cloudscape-design/component-toolkit'],
};
