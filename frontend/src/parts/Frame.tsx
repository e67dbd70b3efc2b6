'use client';
/** What surrounds every page: menu, notices, the state of the stream, and the time line. */
import { usePathname, useRouter } from 'next/navigation';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import AppLayout from '@cloudscape-design/components/app-layout';
import Flashbar from '@cloudscape-design/components/flashbar';
import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { useQueryClient } from '@tanstack/react-query';
import { ask } from '@/api/client';
import { KINDS } from '@/kinds';
import { useKept } from '@/lib/kept';
import { useLive, type Status } from '@/lib/live';
import { useSession } from '@/lib/reading';
import { useWay } from '@/lib/way';
import { useAllowedNavigation, useMedia } from '@/lib/window';
import { Following } from './Following';
import { useNotices } from './Notices';
import { Search } from './Search';
import { PastBanner, TimeLine } from './TimeLine';

const SECTIONS = ['Compute', 'Network', 'Storage', 'Data', 'Access', 'Upkeep'] as const;
const menu = (to: (page: string) => string): SideNavigationProps.Item[] => [
  { type: 'link', text: 'Dashboard', href: to('/') },
  { type: 'link', text: 'Topology', href: to('/topology/') },
  { type: 'link', text: 'Timeline', href: to('/timeline/') },
  { type: 'link', text: 'What changed', href: to('/changes/') },
  ...SECTIONS.map((section): SideNavigationProps.Item => ({
    type: 'section', text: section,
    items: KINDS.filter((kind) => kind.section === section)
      .map((kind) => ({ type: 'link', text: kind.many, href: to(`/${kind.slug}/`) })),
  })),
];
const SAID: Record<Status, string> = {
  connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', 'signed-out': 'Signed out',
};

/** Dark or light: as chosen before, else as the system is, also when that changes. */
function useDarkMode(): [boolean, (dark: boolean) => void] {
  const [chosen, choose] = useKept<'dark' | 'light' | null>('mode', null);
  const isSystemDark = useMedia('(prefers-color-scheme: dark)');
  const isDark = chosen === null ? isSystemDark : chosen === 'dark';
  useEffect(() => applyMode(isDark ? Mode.Dark : Mode.Light), [isDark]);
  return [isDark, (dark) => choose(dark ? 'dark' : 'light')];
}

export function Frame({ children }: { children: ReactNode }) {
  const router = useRouter();
  const way = useWay();
  const items = useMemo(() => menu(way.to), [way]);
  const path = usePathname();
  const { status } = useLive();
  const notices = useNotices();
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
      <Following />
      <div id="top"><Top status={status} /></div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationOpen={isOpen}
        onNavigationChange={({ detail }) => setOpen(detail.open)}
        ariaLabels={{ navigation: 'Menu', navigationToggle: 'Open menu', navigationClose: 'Close menu', notifications: 'Notices' }}
        navigation={
          <SideNavigation activeHref={way.to(slug)} header={{ text: 'Console', href: way.to('/') }} items={items}
            onFollow={(event) => {
              event.preventDefault();
              router.push(event.detail.href);
              if (!isWide) setOpen(false);
            }} />
        }
        notifications={<Flashbar stackItems items={notices.items} />}
        content={<div className="page"><PastBanner /><div className="grows">{children}</div><TimeLine /></div>}
      />
    </>
  );
}

function Top({ status }: { status: Status }) {
  const [isDark, setDark] = useDarkMode();
  const { data: session } = useSession();
  const client = useQueryClient();
  const way = useWay();
  const { signOut } = useLive();
  const { forget } = useNotices();
  const leave = async () => {
    signOut();
    forget();
    await ask('/api/session', { method: 'DELETE' });
    await client.resetQueries();
  };
  return (
    <TopNavigation
      search={<Search />}
      i18nStrings={{ searchIconAriaLabel: 'Find', searchDismissIconAriaLabel: 'Close', overflowMenuTriggerText: 'More', overflowMenuTitleText: 'All', overflowMenuBackIconAriaLabel: 'Back', overflowMenuDismissIconAriaLabel: 'Close' }}
      identity={{ href: way.to('/'), title: 'miniaws', onFollow: (event) => { event.preventDefault(); way.go('/'); } }}
      utilities={[
        { type: 'button', text: SAID[status], iconName: status === 'live' ? 'status-positive' : 'status-in-progress',
          ariaLabel: `The stream: ${SAID[status]}`, disableUtilityCollapse: true },
        { type: 'button', text: isDark ? 'Light mode' : 'Dark mode', onClick: () => setDark(!isDark) },
        { type: 'menu-dropdown', text: session?.name ?? '', iconName: 'user-profile',
          description: session && `${session.role} of ${session.account}`,
          items: [{ id: 'api', text: 'API reference', href: '/docs' }, { id: 'out', text: 'Sign out' }],
          onItemClick: ({ detail }) => { if (detail.id === 'out') void leave(); } },
      ]}
    />
  );
}
