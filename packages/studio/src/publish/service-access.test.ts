import { expect, it } from 'vitest';
import { ServiceAccess, serviceAddress } from './service-access.ts';

function storage() {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, value: string) => void held.set(name, value),
    removeItem: (name: string) => void held.delete(name),
  };
}

it('a key is stored only once somebody says so, and forgotten when they say no again', () => {
  const device = storage();
  const access = new ServiceAccess('http://here', device);
  access.key.value = 'lk_secret';
  expect(device.held.size).toBe(0);
  access.isKept.value = true;
  expect(new ServiceAccess('http://here', device).key.value).toBe('lk_secret');
  access.address.value = 'https://there';
  expect(new ServiceAccess('http://here', device).address.value).toBe('https://there');
  access.isKept.value = false;
  expect(device.held.size).toBe(0);
  expect(access.key.value).toBe('lk_secret');
});

it('what is stored and is not what it should be is passed over', () => {
  const device = storage();
  for (const wrong of ['{', '[1]', '{"address":1}', 'null']) {
    device.held.set('lacuna-service', wrong);
    expect(new ServiceAccess('http://here', device)).toMatchObject({ address: { value: 'http://here' } });
  }
  expect(new ServiceAccess('http://here', undefined).key.value).toBe('');
});

it('an address is an origin with a path, a scheme is added, and what is none is told', () => {
  expect(serviceAddress(' https://lacuna.example/ ')).toBe('https://lacuna.example');
  expect(serviceAddress('lacuna.example/api/')).toBe('https://lacuna.example/api');
  expect(serviceAddress('localhost:8787')).toBe('http://localhost:8787');
  expect(['', '   ', 'ftp://x', 'http://', 'a b'].map(serviceAddress)).toEqual(Array(5).fill(undefined));
});
