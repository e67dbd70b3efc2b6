'use client';
/** The frame of every page: menu, search, notifications, stream state, and the moment slider. */
import { usePathname, useRouter } from 'next/navigation';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import AppLayout from '@cloudscape-design/components/app-layout';
import Flashbar from '@cloudscape-design/components/flashbar';
import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { useQueryClient } from '@tanstack/react-query';
import { ask } from '@/api/client';
import { forgetToken } from '@/api/session';
import { LISTS } from '@/resources';
import { useLocalStorage } from '@/lib/useLocalStorage';
import { useLive, type Status } from '@/lib/live';
import { useSession } from '@/lib/reading';
import { useNavigation } from '@/lib/navigation';
import { useAllowedNavigation, useMedia } from '@/lib/window';
import { OperationTracker } from '@/components/notifications/OperationTracker';
import { useNotifications } from '@/components/notifications/Notifications';
import { Search } from '@/components/shell/Search';
import { MomentSlider, PastBanner } from '@/components/time/MomentSlider';

const SECTIONS = ['Compute', 'Network', 'Storage', 'Data', 'Access', 'Upkeep'] as const;
const menu = (to: (page: string) => string): SideNavigationProps.Item[] => [
  { type: 'link', text: 'Dashboard', href: to('/') },
  { type: 'link', text: 'Topology', href: to('/topology/') },
  { type: 'link', text: 'Timeline', href: to('/timeline/') },
  { type: 'link', text: 'What changed', href: to('/changes/') },
  ...SECTIONS.map((section): SideNavigationProps.Item => ({
    type: 'section',
    text: section,
    items: LISTS.filter((kind) => kind.section === section).map((kind) => ({
      type: 'link',
      text: kind.many,
      href: to(`/${kind.slug}/`),
    })),
  })),
];
const STATUS_LABELS: Record<Status, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  'signed-out': 'Signed out',
};

/** Dark or light: the user's choice, otherwise the system setting, also when it changes. */
function useDarkMode(): [boolean, (dark: boolean) => void] {
  const [chosen, choose] = useLocalStorage<'dark' | 'light' | null>('mode', null);
  const isSystemDark = useMedia('(prefers-color-scheme: dark)');
  const isDark = chosen === null ? isSystemDark : chosen === 'dark';
  useEffect(() => applyMode(isDark ? Mode.Dark : Mode.Light), [isDark]);
  return [isDark, (dark) => choose(dark ? 'dark' : 'light')];
}

export function AppShell({ children }: { children: ReactNode }) {
  const router = useRouter();
  const navigation = useNavigation();
  const items = useMemo(() => menu(navigation.to), [navigation]);
  const path = usePathname();
  const { status } = useLive();
  const notices = useNotifications();
  const isWide = useMedia('(min-width: 1001px)');
  const [isOpen, setOpen] = useState(isWide);
  useEffect(() => setOpen(isWide), [isWide]);
  useEffect(() => {
    document.documentElement.dataset.ready = 'yes';
  }, []);
  useAllowedNavigation();
  const slug = `/${path.split('/').filter(Boolean)[0] ?? ''}/`.replace('//', '/');
  return (
    <>
      <OperationTracker />
      <div id="top">
        <Top status={status} />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationOpen={isOpen}
        onNavigationChange={({ detail }) => setOpen(detail.open)}
        ariaLabels={{
          navigation: 'Menu',
          navigationToggle: 'Open menu',
          navigationClose: 'Close menu',
          notifications: 'Notices',
        }}
        navigation={
          <SideNavigation
            activeHref={navigation.to(slug)}
            header={{ text: 'Console', href: navigation.to('/') }}
            items={items}
            onFollow={(event) => {
              event.preventDefault();
              router.push(event.detail.href);
              if (!isWide) setOpen(false);
            }}
          />
        }
        notifications={<Flashbar stackItems items={notices.items} />}
        content={
          <div className="page">
            <PastBanner />
            <div className="grows">{children}</div>
            <MomentSlider />
          </div>
        }
      />
    </>
  );
}

function Top({ status }: { status: Status }) {
  const [isDark, setDark] = useDarkMode();
  const isNarrow = useMedia('(max-width: 360px)');
  const { data: session } = useSession();
  const client = useQueryClient();
  const navigation = useNavigation();
  const { signOut } = useLive();
  const { forget } = useNotifications();
  const leave = async () => {
    signOut();
    forget();
    try {
      await ask('/api/session', { method: 'DELETE' });
    } finally {
      forgetToken();
      await client.resetQueries();
    }
  };
  return (
    <TopNavigation
      search={<Search />}
      i18nStrings={{
        searchIconAriaLabel: 'Find',
        searchDismissIconAriaLabel: 'Close',
        overflowMenuTriggerText: 'More',
        overflowMenuTitleText: 'All',
        overflowMenuBackIconAriaLabel: 'Back',
        overflowMenuDismissIconAriaLabel: 'Close',
      }}
      identity={{
        href: navigation.to('/'),
        title: 'miniaws',
        onFollow: (event) => {
          event.preventDefault();
          navigation.go('/');
        },
      }}
      utilities={[
        {
          type: 'button',
          text: STATUS_LABELS[status],
          iconName: status === 'live' ? 'status-positive' : 'status-in-progress',
          ariaLabel: `The stream: ${STATUS_LABELS[status]}`,
          disableUtilityCollapse: !isNarrow,
        },
        { type: 'button', text: isDark ? 'Light mode' : 'Dark mode', onClick: () => setDark(!isDark) },
        {
          type: 'menu-dropdown',
          text: session?.name ?? '',
          iconName: 'user-profile',
          description: session && `${session.role} of ${session.account}`,
          items: [
            { id: 'api', text: 'API reference', href: '/docs' },
            { id: 'out', text: 'Sign out' },
          ],
          onItemClick: ({ detail }) => {
            if (detail.id === 'out') void leave();
          },
        },
      ]}
    />
  );
}
