// Makes tables of the measurements.
import { REVISIONS } from './echo.mjs';

const NAMES = { ours: 'mcp-actors', floor: 'floor', official: 'official', socket: 'bare socket' };

function shown(number) {
  if (number === undefined || Number.isNaN(number)) return '–';
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2);
}

/** A Markdown table with right-aligned numbers. */
export function table(head, rows) {
  const cells = [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? shown(cell) : cell)))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}

/** The ratios to the floor and to the official client. */
function ratios({ ours, floor, official }, field) {
  return [ours[field] / floor[field], official[field] / ours[field]];
}

function callsTable({ title, era, rows }) {
  const names = Object.keys(rows[0].clients);
  const head = ['in flight', ...names.map((name) => NAMES[name]), '× floor', 'official ×'];
  const cells = [];
  for (const [field, what] of [
    ['wall', ''],
    ['cpu', ' (processor)'],
  ]) {
    for (const { inFlight, clients } of rows) {
      const found = names.map((name) => clients[name][field]);
      cells.push([`${inFlight}${what}`, ...found, ...ratios(clients, field)]);
    }
  }
  return `${title}, ${REVISIONS[era]}: microseconds a call\n\n${table(head, cells)}`;
}

function loadingTable(rows) {
  const head = ['', NAMES.ours, NAMES.official, 'official ×'];
  const cells = rows.map(({ how, clients: { ours, official } }) => [
    how,
    ours.time,
    official.time,
    official.time / ours.time,
  ]);
  return `loading the package: milliseconds\n\n${table(head, cells)}`;
}

function firstCallsTable(rows) {
  const head = ['', NAMES.ours, NAMES.floor, NAMES.official, '× floor', 'official ×'];
  const cells = rows.flatMap(({ transport, clients }) =>
    ['wall', 'cpu'].map((field) => [
      `${transport}${field === 'cpu' ? ' (processor)' : ''}`,
      ...['ours', 'floor', 'official'].map((name) => clients[name][field]),
      ...ratios(clients, field),
    ]),
  );
  return `from the start of the process to the first result: milliseconds\n\n${table(head, cells)}`;
}

function idleTable({ ours, floor, official }) {
  const head = ['', NAMES.ours, NAMES.floor, NAMES.official];
  const cells = [
    ['heap', ours.heap, floor.heap, official.heap],
    ['resident', ours.rss, floor.rss, official.rss],
  ];
  return `an idle connection over memory, one of 100: KiB\n\n${table(head, cells)}`;
}

function inspectorTable(cases) {
  const rows = [
    ['no inspector', cases.none],
    ['an inspector, no page', cases.unseen],
    ['an inspector, one page', cases.page],
  ];
  const cells = rows.map(([what, { share, rate }]) => [what, share, share - cases.none.share, rate]);
  return `1,000 calls a second over stdio: percent of a processor\n\n${table(['', 'in all', 'more', 'calls a second'], cells)}`;
}

/** The whole report, for people. */
export function report({ machine, rounds, calls, loading, firstCalls, idle, inspector }) {
  const { node, platform, cpu, cores } = machine;
  return [
    `Node ${node}, ${platform}, ${cores} × ${cpu}. Medians of ${rounds} interleaved rounds.`,
    ...calls.map(callsTable),
    ...(loading === undefined ? [] : [loadingTable(loading)]),
    ...(firstCalls === undefined ? [] : [firstCallsTable(firstCalls)]),
    ...(idle === undefined ? [] : [idleTable(idle)]),
    ...(inspector === undefined ? [] : [inspectorTable(inspector)]),
  ].join('\n\n');
}
