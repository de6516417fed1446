import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SCRIPT = path.resolve(__dirname, '../../scripts/release.mjs');

/** A git repository with the files that a release changes. */
class Repository {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'mcp-actors-release-'));

  constructor(changelog: string) {
    mkdirSync(path.join(this.#folder, 'src/util'), { recursive: true });
    this.write('package.json', JSON.stringify({ name: 'x', version: '1.2.3' }, null, 2) + '\n');
    const lock = {
      name: 'x',
      version: '1.2.3',
      packages: { '': { version: '1.2.3' }, 'node_modules/y': { version: '1.2.3' } },
    };
    this.write('package-lock.json', JSON.stringify(lock, null, 2) + '\n');
    this.write('src/util/package.ts', "export const PACKAGE = { name: 'x', version: '1.2.3' } as const;\n");
    this.write('CHANGELOG.md', changelog);
    this.git('init', '--quiet');
    this.git('config', 'user.name', 'Ada');
    this.git('config', 'user.email', 'ada@example.org');
    this.git('add', '.');
    this.git('commit', '--quiet', '--message', 'first');
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.#folder, encoding: 'utf8' }).trim();
  }

  read(file: string): string {
    return readFileSync(path.join(this.#folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.#folder, file), text);
  }

  release(...args: string[]): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
      cwd: this.#folder,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const CHANGELOG = '# Changes\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 1.2.3 (2026-01-02)\n\n- Older.\n';

describe('npm run release', () => {
  it('writes the version to every file, moves the notes of the CHANGELOG, commits and tags', () => {
    using repository = new Repository(CHANGELOG);
    expect(repository.release('minor')).toMatchObject({ status: 0 });
    expect(JSON.parse(repository.read('package.json'))).toMatchObject({ version: '1.3.0' });
    expect(JSON.parse(repository.read('package-lock.json'))).toMatchObject({
      version: '1.3.0',
      packages: { '': { version: '1.3.0' }, 'node_modules/y': { version: '1.2.3' } },
    });
    expect(repository.read('src/util/package.ts')).toContain("version: '1.3.0'");
    expect(repository.read('CHANGELOG.md').replace(/\d{4}-\d\d-\d\d/, 'DATE')).toBe(
      '# Changes\n\n## Unreleased\n\n## 1.3.0 (DATE)\n\n### Added\n\n- A thing.\n\n## 1.2.3 (2026-01-02)\n\n- Older.\n',
    );
    expect(repository.git('log', '-1', '--format=%s')).toBe('chore: release 1.3.0');
    expect(repository.git('tag', '--points-at', 'HEAD')).toBe('v1.3.0');
    expect(repository.git('status', '--porcelain')).toBe('');
  });

  it('moves the notes when the CHANGELOG has no version yet', () => {
    using repository = new Repository('# Changes\n\n## Unreleased\n\n- A thing.\n');
    expect(repository.release('2.0.0')).toMatchObject({ status: 0 });
    expect(repository.read('CHANGELOG.md')).toMatch(
      /^# Changes\n\n## Unreleased\n\n## 2\.0\.0 \(\d{4}-\d\d-\d\d\)\n\n- A thing\.\n$/,
    );
  });

  it('changes nothing with --dry-run and prints the version and the notes', () => {
    using repository = new Repository(CHANGELOG);
    const { status, output } = repository.release('--dry-run');
    expect(status).toBe(0);
    expect(output).toContain('Would release 1.2.4 (now 1.2.3)');
    expect(output).toContain('- A thing.');
    expect(repository.git('status', '--porcelain')).toBe('');
    expect(repository.git('log', '--format=%s')).toBe('first');
    expect(repository.git('tag')).toBe('');
  });

  it.each([
    [['1.2.3'], '1.2.3 is not higher than 1.2.3.'],
    [['1.1.9'], '1.1.9 is not higher than 1.2.3.'],
    [['next'], '"next" is not a version.'],
    [[], 'Usage: npm run release'],
  ])('refuses the arguments %j', (args, message) => {
    using repository = new Repository(CHANGELOG);
    const { status, output } = repository.release(...args);
    expect(status).toBe(1);
    expect(output).toContain(message);
  });

  it('refuses a CHANGELOG without notes', () => {
    using repository = new Repository('# Changes\n\n## Unreleased\n\n### Added\n\n## 1.2.3 (2026-01-02)\n\n- Older.\n');
    expect(repository.release('patch').output).toContain('CHANGELOG.md has nothing under "Unreleased".');
  });

  it('refuses a working tree with changes', () => {
    using repository = new Repository(CHANGELOG);
    repository.write('new.txt', 'x');
    const { status, output } = repository.release('patch');
    expect(status).toBe(1);
    expect(output).toContain('commit them first');
  });

  it('refuses a tag that exists', () => {
    using repository = new Repository(CHANGELOG);
    repository.git('tag', 'v1.2.4');
    expect(repository.release('patch').output).toContain('The tag v1.2.4 exists already.');
  });
});
