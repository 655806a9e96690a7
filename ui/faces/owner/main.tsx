import { startApp } from '@/app/App';
import { OwnerFace } from '@/features/owner/OwnerFace';

startApp(<OwnerFace />);
