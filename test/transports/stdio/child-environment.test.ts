import { childEnvironment } from '../../../src/transports/stdio/child-environment.js';
import type { ChildEnvironmentInput } from '../../../src/transports/stdio/child-environment.js';

const POSIX = {
  PATH: '/usr/bin',
  HOME: '/home/me',
  LANG: 'C.UTF-8',
  API_KEY: 'secret',
  HTTPS_PROXY: 'http://me:secret@proxy',
  NODE_OPTIONS: '--require ./evil.js',
};
const WINDOWS = { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', windir: 'C:\\Windows', API_KEY: 'secret' };

function onPosix(input: Partial<ChildEnvironmentInput> = {}): Record<string, string> {
  return childEnvironment({ parent: POSIX, platform: 'linux', inherit: 'safe', env: undefined, ...input });
}

function onWindows(input: Partial<ChildEnvironmentInput> = {}): Record<string, string> {
  return childEnvironment({ parent: WINDOWS, platform: 'win32', inherit: 'safe', env: undefined, ...input });
}

describe('the environment of a server', () => {
  test("'safe' inherits what programs need and no secrets", () => {
    expect(onPosix()).toEqual({ PATH: '/usr/bin', HOME: '/home/me', LANG: 'C.UTF-8' });
  });

  test("'all' inherits everything, 'none' nothing, a list what it names", () => {
    expect(onPosix({ inherit: 'all' })).toEqual(POSIX);
    expect(onPosix({ inherit: 'none' })).toEqual({});
    expect(onPosix({ inherit: ['API_KEY', 'MISSING'] })).toEqual({ API_KEY: 'secret' });
  });

  test('env is laid over what is inherited, whatever that is', () => {
    const env = { HOME: '/elsewhere', EXTRA: '', TOKEN: 't' };
    expect(onPosix({ env })).toEqual({ PATH: '/usr/bin', LANG: 'C.UTF-8', ...env });
    expect(onPosix({ env, inherit: 'none' })).toEqual(env);
    expect(onPosix({ env, inherit: ['PATH'] })).toEqual({ PATH: '/usr/bin', ...env });
  });

  test('undefined takes a variable away', () => {
    expect(onPosix({ env: { HOME: undefined, NOT_THERE: undefined } })).toEqual({ PATH: '/usr/bin', LANG: 'C.UTF-8' });
    expect(onPosix({ inherit: 'all', env: { API_KEY: undefined, HTTPS_PROXY: undefined, PATH: undefined } })).toEqual({
      HOME: '/home/me',
      LANG: 'C.UTF-8',
      NODE_OPTIONS: '--require ./evil.js',
    });
  });

  test("with 'safe' PATH can be replaced but is never lost", () => {
    expect(onPosix({ env: { PATH: undefined } })).toMatchObject({ PATH: '/usr/bin' });
    expect(onPosix({ env: { PATH: '/opt/bin' } })).toMatchObject({ PATH: '/opt/bin' });
    expect(onWindows({ env: { PATH: undefined } })).toMatchObject({ Path: 'C:\\bin' });
  });

  test('functions that a shell exports are not inherited, but may be given', () => {
    const parent = { ...POSIX, HOME: '() { :; }; echo pwned', BASH_FUNC: '() { :; }' };
    expect(onPosix({ parent, inherit: 'all' })).not.toHaveProperty('BASH_FUNC');
    expect(onPosix({ parent })).toEqual({ PATH: '/usr/bin', LANG: 'C.UTF-8' });
    expect(onPosix({ env: { F: '() text' } })).toMatchObject({ F: '() text' });
  });

  test('on Windows names are the same in any case, and the case given last is kept', () => {
    expect(onWindows()).toEqual({ Path: 'C:\\bin', SystemRoot: 'C:\\Windows', windir: 'C:\\Windows' });
    expect(onWindows({ inherit: ['path', 'api_key'] })).toEqual({ Path: 'C:\\bin', API_KEY: 'secret' });
    expect(onWindows({ inherit: 'all', env: { PATH: 'D:\\bin', api_key: undefined } })).toEqual({
      PATH: 'D:\\bin',
      SystemRoot: 'C:\\Windows',
      windir: 'C:\\Windows',
    });
  });

  test('on POSIX names that differ in case are different variables', () => {
    expect(onPosix({ env: { Path: 'x' } })).toMatchObject({ PATH: '/usr/bin', Path: 'x' });
  });
});
