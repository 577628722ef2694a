import { ActionIcon, Menu } from '@mantine/core';
import { IconApi, IconLogout, IconUserCircle } from '@tabler/icons-react';

interface AccountMenuProps {
  userName: string;
  onSignOut: () => void;
}

export function AccountMenu({ userName, onSignOut }: AccountMenuProps) {
  return (
    <Menu position="bottom-end" width={220} withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account: ${userName}`}>
          <IconUserCircle size={22} stroke={1.6} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Signed in as {userName}</Menu.Label>
        <Menu.Item component="a" href="/playground" leftSection={<IconApi size={16} aria-hidden />}>
          GraphQL playground
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={onSignOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
