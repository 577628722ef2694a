export function webSocketUrl(
  path: string,
  page: Pick<Location, 'protocol' | 'host'> = location,
): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}`;
}
