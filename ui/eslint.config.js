import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Features build on the shared folders, never on each other; `session` is shared by the faces that have users. */
const featureBorders = ['owner', 'buyer', 'board'].map((face) => ({
  files: [`src/features/${face}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: ['owner', 'buyer', 'board'].filter((other) => other !== face).map((other) => `@/features/${other}/*`),
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.mjs', '*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  ...featureBorders,
  {
    files: ['src/{api,app,charts,components,files,format,forms,i18n,theme}/**'],
    ignores: ['**/*.test.*'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@/features/*', '@/kinds/*'] }] },
  },
  {
    // Kinds of computation know no face, and each other only through the registry.
    files: ['src/kinds/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['@/features/*', '../linear_regression/*', '../statistics/*', '**/kinds/*/*'] },
      ],
    },
  },
  {
    files: ['*.mjs', '*.js'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
  },
);
