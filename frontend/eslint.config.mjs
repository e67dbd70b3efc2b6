import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import typescript from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['.next', 'out', 'next-env.d.ts', 'src/api/schema.d.ts']),
  js.configs.recommended,
  typescript.configs.recommended,
  // To leave a field out of a copy: `({ secret: _, ...rest }) => rest`.
  { rules: { '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }] } },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
  {
    files: ['public/*.js'],
    languageOptions: {
      globals: {
        self: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortController: 'readonly',
        TextDecoder: 'readonly',
      },
    },
  },
  {
    files: ['recover.js'],
    languageOptions: {
      globals: {
        document: 'readonly',
        window: 'readonly',
        Event: 'readonly',
        HTMLLinkElement: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['public/docs/*.js'],
    languageOptions: { globals: { SwaggerUIBundle: 'readonly', window: 'readonly' } },
  },
);
