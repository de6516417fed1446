/* eslint-disable no-control-regex -- this file reads escape sequences */
// node scripts/terminal-screenshots.mjs: runs the built command line in a terminal of tmux, and draws what it shows as docs/command-line-*.svg.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
const home = mkdtempSync(path.join(tmpdir(), 'screenshots-'));
const socket = path.join(home, 'tmux');
const COLUMNS = 100;

const tmux = (...args) => execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });

mkdirSync(path.join(home, 'bin'));
const command = path.join(home, 'bin/mcp-actors');
writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${root}dist/cli/mcp-actors.mjs' "$@"\n`, {
  mode: 0o755,
});
writeFileSync(path.join(home, 'bin/everything'), `#!/bin/sh\nexec '${process.execPath}' '${everything}' "$@"\n`, {
  mode: 0o755,
});
mkdirSync(path.join(home, '.cursor'));
const missing = "console.error('Error: DATABASE_URL is not set'); process.exit(1)";
const servers = {
  everything: { command: 'everything' },
  database: { command: 'node', args: ['-e', missing] },
  tracker: { url: 'http://127.0.0.1:9/mcp' },
};
writeFileSync(path.join(home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: servers }, null, 2));

/** The colours of ECMA-48 that the command line uses. */
const COLOURS = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};

/** Each scene: the lines of the terminal, the command, and then what to wait for and which keys to type. */
const SCENES = [
  ['list', 14, 'mcp-actors list', [[/tracker.*failed[^]*doctor tracker/]]],
  ['doctor', 14, 'mcp-actors doctor database', [[/database: start:/]]],
  ['progress', 4, 'mcp-actors call everything trigger-long-running-operation duration=6 steps=6', [[/3\/6/]]],
  [
    'form',
    24,
    'mcp-actors call everything trigger-elicitation-request',
    [
      [/What do you want/, 'Enter'],
      [/Your full, legal name/, 'Ada', 'Enter'],
      [/Agree to the terms/, 'Enter'],
      [/Favorite first line/, 'Enter'],
      [/Your email address/, 'nonsense', 'Enter'],
      [/This is not an e-mail address/],
    ],
  ],
];

try {
  for (const [name, lines, words, steps] of SCENES) {
    // Given to the shell itself, because tmux starts a login shell, which may set its own.
    const env = [`HOME=${home}`, `PATH=${home}/bin:${process.env.PATH}`, 'PS1=$ ', 'CI=', 'TERM=screen'];
    const shell = ['env', ...env, 'sh'];
    tmux('new-session', '-d', '-s', name, '-x', String(COLUMNS), '-y', String(lines), ...shell);
    await wait(300);
    tmux('send-keys', '-t', name, words, 'Enter');
    for (const [pattern, ...keys] of steps) {
      await shows(name, pattern);
      for (const key of keys) tmux('send-keys', '-t', name, key);
    }
    await wait(200);
    const text = tmux('capture-pane', '-e', '-p', '-t', name).replaceAll(home, '/home/ada');
    tmux('kill-session', '-t', name);
    writeFileSync(path.join(root, `docs/command-line-${name}.svg`), drawn(text.trimEnd().split('\n')));
  }
} finally {
  try {
    tmux('kill-server');
  } catch {
    // The last session has ended it.
  }
  rmSync(home, { recursive: true, force: true });
}

async function shows(name, pattern) {
  for (let tries = 0; tries < 200; tries++) {
    if (pattern.test(tmux('capture-pane', '-p', '-t', name))) return;
    await wait(100);
  }
  throw new Error(`${name}: ${pattern} was not shown: ${tmux('capture-pane', '-p', '-t', name)}`);
}

/** Draws lines with colours of ECMA-48 as SVG. */
function drawn(lines) {
  const [width, height] = [COLUMNS * 8.4 + 32, lines.length * 19 + 32];
  const rows = lines.map(
    (line, index) => `<text x="16" y="${index * 19 + 30}" xml:space="preserve">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<rect width="100%" height="100%" rx="8" fill="#16181d"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d7dae0">
${rows.join('\n')}
</g>
</svg>
`;
}

function spans(line) {
  let style = {};
  return line
    .split(/(\u001b\[[\d;]*m)/)
    .map((part) => {
      const [, codes] = /^\u001b\[([\d;]*)m$/.exec(part) ?? [];
      if (codes === undefined) return part === '' ? '' : span(part, style);
      for (const code of (codes || '0').split(';').map(Number)) {
        if (code === 0) style = {};
        else if (code === 1) style = { ...style, bold: true };
        else if (code === 2) style = { ...style, dim: true };
        else if (code === 22) style = { ...style, bold: false, dim: false };
        else if (code === 39) style = { ...style, colour: undefined };
        else if (code === 7) style = { ...style, inverse: true };
        else if (code === 27) style = { ...style, inverse: false };
        else if (COLOURS[code] !== undefined) style = { ...style, colour: COLOURS[code] };
      }
      return '';
    })
    .join('');
}

function span(text, { colour, bold, dim, inverse }) {
  const attributes = [
    colour === undefined ? '' : ` fill="${colour}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
    inverse ? ' text-decoration="underline"' : '',
  ].join('');
  const safe = text
    .replace(/[\u0000-\u001f]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return attributes === '' ? safe : `<tspan${attributes}>${safe}</tspan>`;
}
