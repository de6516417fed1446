import { launcherOf } from '../../../src/transports/stdio/launchers.js';

describe('launcherOf', () => {
  it.each<[launcher: string, command: string, args: string[]]>([
    ['npx', 'npx', ['-y', 'a-server']],
    ['npx', '/usr/local/bin/npx', []],
    ['npx', 'C:\\Program Files\\nodejs\\npx.cmd', ['-y', 'a-server']],
    ['npx', 'NPX.CMD', []],
    ['uvx', 'uvx', ['a-server']],
    ['uvx', '/home/me/.local/bin/uvx', ['--from', 'a', 'b']],
    ['bunx', 'bunx', ['a-server']],
    ['pnpx', 'pnpx', ['a-server']],
    ['dnx', 'dnx', ['A.Server', '--yes']],
    ['npm exec', 'npm', ['exec', '--', 'a-server']],
    ['pnpm dlx', 'pnpm', ['dlx', 'a-server']],
    ['yarn dlx', 'yarn', ['dlx', 'a-server']],
    ['bun x', 'bun', ['x', 'a-server']],
    ['docker run', 'docker', ['run', '-i', '--rm', 'image']],
    ['docker run', 'docker', ['--context', 'far', 'run', '-i', 'image']],
    ['docker run', 'docker.exe', ['run', '-i', 'image']],
    ['podman run', 'podman', ['run', '-i', 'image']],
    ['uv run', 'uv', ['run', 'server.py']],
    ['uv run', 'uv', ['--directory', '/srv/server', 'run', 'server.py']],
    ['pipx run', 'pipx', ['run', 'a-server']],
    ['deno run', 'deno', ['run', '-A', 'npm:a-server']],
    ['npx', 'cmd', ['/c', 'npx', '-y', 'a-server']],
    ['npx', 'C:\\Windows\\System32\\cmd.exe', ['/d', '/s', '/c', '"npx -y a-server"']],
    ['docker run', 'cmd', ['/c', 'docker', 'run', 'image']],
    ['npx', 'sh', ['-c', 'exec npx -y a-server']],
    ['npx', '/bin/bash', ['-lc', 'cd /srv && npx -y a-server']],
    ['uvx', 'env', ['KEY=value', 'uvx', 'a-server']],
    ['npx', 'wsl', ['-d', 'Ubuntu', 'npx', '-y', 'a-server']],
    ['docker run', 'sudo', ['docker', 'run', '-i', 'image']],
    ['pnpm dlx', 'corepack', ['pnpm', 'dlx', 'a-server']],
  ])('finds %s in %s %j', (launcher, command, args) => {
    expect(launcherOf(command, args)).toBe(launcher);
  });

  it.each<[command: string, args: string[]]>([
    ['node', ['npx']],
    ['node', ['server.js', '--with', 'docker', 'run']],
    ['python', ['-m', 'server']],
    ['/opt/npx/server', []],
    ['my-npx', []],
    ['docker', ['exec', '-i', 'container', 'server']],
    ['deno', ['task', 'start']],
    ['npm', ['start']],
    ['uv', ['pip', 'list']],
    ['sh', ['-c', 'node server.js']],
    ['cmd', []],
    ['', []],
  ])('finds none in %s %j', (command, args) => {
    expect(launcherOf(command, args)).toBeUndefined();
  });
});
