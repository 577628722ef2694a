import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './playground.css';
import { createRoot } from 'react-dom/client';
import { fetchPageConfig } from '../config/page-config.js';
import { Playground } from './Playground.js';

const root = document.getElementById('root');
if (!root) throw new Error('playground.html has no #root.');

// Without a configuration the playground works too, but its token must be entered by hand.
const isDev = await fetchPageConfig().then(
  ({ identity }) => identity.kind === 'dev',
  () => false,
);

createRoot(root).render(<Playground isDev={isDev} />);
